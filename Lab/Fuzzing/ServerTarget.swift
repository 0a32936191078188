internal import BackupRepository
internal import Components
internal import Documents
internal import Foundation
internal import Lab
internal import Logging
internal import Platform
internal import StackConfiguration

/// The answers of the servers of one kind of component: during a backup, during checks, and while gaps are searched.
struct ServerTarget: FuzzTarget {
    static let name = "server"
    /// The entry under `components` without its address.
    private let settings: String
    private let recorded: [String: [UInt8]]
    private let server: ServerAnswers
    private let pool: BlockingPool
    private static let longest = Duration.seconds(1)

    init(_ settings: String, answers: [String: [UInt8]], pool: BlockingPool) throws {
        self.settings = settings
        recorded = answers
        server = try ServerAnswers()
        self.pool = pool
    }

    /// - Parameter answers: runs the server's answers, given its address, and returns those that were recorded.
    func input(_ random: inout CorpusRandom) -> [UInt8] {
        var answers = recorded
        let names = answers.keys.sorted()
        for _ in 0...random.below(4) where !names.isEmpty {
            let name = names[random.below(names.count)]
            answers[name] = JSONMutation.apply(toText: answers[name] ?? [], &random)
        }
        return Array("\(settings)\n".utf8) + ServerAnswers.input(answers)
    }

    func run(_ input: [UInt8], in place: FuzzPlace) async throws {
        let settings = input.prefix { $0 != UInt8(ascii: "\n") }
        server.set(ServerAnswers.answers(of: Array(input.dropFirst(settings.count + 1))))
        let use = ServerUse(String(decoding: settings, as: UTF8.self), at: server.url, in: place.folder, pool: pool)
        try await use.run(within: Self.longest)
        try place.checkOutside()
    }
}

/// Everything that dr asks a server of a component.
struct ServerUse: Sendable {
    private let settings: String
    private let url: String
    private let folder: String
    private let pool: BlockingPool

    init(_ settings: String, at url: String, in folder: String, pool: BlockingPool) {
        self.settings = settings
        self.url = url
        self.folder = folder
        self.pool = pool
    }

    /// Asks for at most a time: a server may let dr wait, which is not a defect.
    func run(within limit: Duration) async throws {
        let work = Task { try await ask() }
        let watch = Task {
            try await Task.sleep(for: limit)
            work.cancel()
        }
        defer { watch.cancel() }
        do { try await work.value } catch let finding as FuzzFinding { throw finding } catch { _ = "\(error)" }
    }

    private func ask() async throws {
        let text = "store: {url: \"file:///nowhere\"}\ncomponents:\n  server: \(settings.replacing("URL", with: url))\n"
        let configuration: Configuration
        do {
            configuration = try ConfigurationFile.parse(text, file: "dr.yaml", folder: folder, kinds: fuzzedKinds)
        } catch { throw FuzzFinding("the settings of a target are not valid: \(error)") }
        for component in configuration.components { try await ask(component.settings) }
    }

    private func ask(_ settings: any ComponentKind) async throws {
        var context = ComponentContext(
            name: "server", environment: ["SECRET": "secret"], pool: pool, userAgent: "dr/fuzz",
            now: { 1_793_491_200_000 })
        (context.stack, context.kinds) = ([settings], fuzzedKinds)
        let source = try settings.source(context)
        _ = await source.diagnose()
        _ = try? await pool.run { [context] in try settings.identity(context) }
        let stack = CheckedStack(components: [CheckedComponent(settings, context)])
        let registry = CheckRegistry(fuzzedKinds)
        let checks = registry.checks(registry.names, of: stack)
        for result in await CheckRunner(pool: pool, timeLimit: .milliseconds(500)).run(checks) { _ = "\(result)" }
        await measure(settings, context)
        let state = "\(folder)/capture"
        try? FileManager.default.removeItem(atPath: state)
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let capture = try await source.capture(
            CaptureContext(
                run: String(repeating: "a", count: 32), state: state,
                logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }))
        _ = "\(capture.facts) \(capture.warnings) \(String(describing: capture.watermark))"
        try await capture.release()
        try await source.forget(capture.facts) { [] }
    }

    private func measure(_ settings: any ComponentKind, _ context: ComponentContext) async {
        guard let server = try? settings.metricServer(context) else { return }
        _ = try? await pool.run { try server.samples("up", at: nil) }
        _ = try? await server.history("up", over: 1_793_400_000...1_793_490_000, step: 3600, limit: 100)
    }
}
