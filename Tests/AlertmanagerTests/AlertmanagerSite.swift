import BackupRepository
import Documents
import Foundation
import HTTP
import Lab
import Logging
import Platform
import Synchronization
import Testing

@testable import Alertmanager

/// A real Alertmanager in its own folder, to export from or to import into.
final class AlertmanagerSite: Sendable {
    static let isInstalled = LabTool.isInstalled("prometheus-alertmanager")
    static let pool = BlockingPool(threads: 4)
    /// Notifies no one.
    static let quiet = "route: {receiver: none}\nreceivers: [{name: none}]\n"

    let url: String
    let folder: TemporaryFolder
    private let process: ServerProcess

    init(configuration: String = AlertmanagerSite.quiet, cluster: Bool = false) async throws {
        let folder = try TemporaryFolder("alertmanager")
        var started: (String, ServerProcess)?
        for _ in 0..<3 where started == nil {
            let url = "http://127.0.0.1:\(try FreePort.find()[0])"
            try Data(configuration.utf8).write(to: folder.url.appending(path: "alertmanager.yml"))
            let process = try await ServerProcess(
                "alertmanager", executable: try LabTool.path("prometheus-alertmanager"),
                arguments: [
                    "--config.file=\(folder.path)/alertmanager.yml", "--storage.path=\(folder.path)/data",
                    "--web.listen-address=\(url.dropFirst("http://".count))",
                    "--cluster.listen-address=\(cluster ? "127.0.0.1:\(try FreePort.find()[0])" : "")",
                    "--cluster.settle-timeout=3s",
                ], folder: folder.url)
            let client = HTTPClient()
            do {
                try await process.waitUntil {
                    (try? client.send(HTTPRequest("GET", "\(url)/-/ready")).0.isSuccess) == true
                }
                started = (url, process)
            } catch {}  // another program took the port: the next one
        }
        (url, process) = try #require(started)
        self.folder = folder
    }

    func stop() { process.end() }

    var api: AlertmanagerAPI { Self.api(url) }

    static func api(_ url: String) -> AlertmanagerAPI {
        AlertmanagerAPI(
            url: url, client: HTTPClient(), pool: pool,
            retries: RetryPolicy(attempts: 3, base: .milliseconds(10), cap: .milliseconds(50)))
    }

    static let now: @Sendable () -> Int = { Int(clamping: Date().timeIntervalSince1970 * 1000) }

    func canary(_ component: String) -> AlertmanagerCanary {
        AlertmanagerCanary(api: api, component: component, now: Self.now)
    }

    /// In the order of their ids: the server lists those of one time in any order.
    var silences: [Silence] { get throws { try api.silences().silences.sorted { $0.id < $1.id } } }

    /// Those that have not ended.
    var live: [Silence] { get throws { try silences.filter { $0.state(at: Self.now()) != .expired } } }

    /// - Parameters:
    ///   - start: minutes from now.
    ///   - end: minutes from now.
    @discardableResult
    func silence(
        _ matchers: [Matcher], from start: Int = 0, to end: Int = 60, by creator: String = "ann",
        _ comment: String = "maintenance", id: String? = nil, startsAt: String? = nil
    ) throws -> String {
        let now = Self.now()
        var form: JSONValue = [
            "matchers": .array(matchers.map(\.json)),
            "startsAt": .string(startsAt ?? Instant.text(now + start * 60_000)),
            "endsAt": .string(Instant.text(now + end * 60_000)),
            "createdBy": .string(creator), "comment": .string(comment),
        ]
        if let id { form["id"] = .string(id) }
        return try api.post(form)
    }

    /// An export, with its folder.
    func export(_ folder: TemporaryFolder? = nil, keepsURLs: Bool = true) async throws -> ExportedTree {
        let folder = try folder ?? TemporaryFolder("alertmanager-export")
        let source = AlertmanagerSource(api: api, keepsURLs: keepsURLs, now: Self.now)
        let capture = try await source.capture(
            CaptureContext(run: "test", state: folder.path, logger: Logger(label: "test")))
        try await capture.release()
        return ExportedTree(folder: folder, capture: capture)
    }

    func `import`(
        _ tree: ExportedTree, dryRun: Bool = false, replaces: Bool = false
    ) async throws -> [ImportedObject] {
        try await Self.import(tree, into: api, dryRun: dryRun, replaces: replaces)
    }

    static func `import`(
        _ tree: ExportedTree, into api: AlertmanagerAPI, dryRun: Bool = false, replaces: Bool = false
    ) async throws -> [ImportedObject] {
        let reported = Mutex([ImportedObject]())
        var request = ImportRequest(
            tree: tree.root, manifest: try manifest(), progress: WorkProgress(), logger: Logger(label: "test"))
        request.isDryRun = dryRun
        request.replaces = replaces
        try await AlertmanagerImporter(api: api, now: now).run(request) { object in
            reported.withLock { $0.append(object) }
        }
        return reported.withLock { $0 }
    }

    private static func manifest() throws -> Manifest {
        let text = """
            {"format": 1, "kind": "manifest", "component": "alertmanager", "source": "alertmanager",
             "name": "20260921T000000Z", "captured": "20260921T000000Z", "facts": {}, "damage": [], "packs": [],
             "totals": {"files": 0, "directories": 0, "links": 0, "bytes": 0}}
            """
        return try JSONDecoder().decode(Manifest.self, from: Data(text.utf8))
    }
}

/// The documents of one export, in a folder that goes with it.
struct ExportedTree {
    let folder: TemporaryFolder
    let capture: any Capture

    var root: String { capture.root }

    /// Content and inode of each file.
    func files() throws -> [String: String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root).filter {
            $0.contains(".")
        }
        return try Dictionary(
            uniqueKeysWithValues: paths.map { path in
                let file = URL(filePath: "\(root)/\(path)")
                let number = try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber]
                return (path, "\(number ?? 0) \(String(decoding: try Data(contentsOf: file), as: UTF8.self))")
            })
    }

    func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(root)/\(path)"))
    }

    func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(root)/\(path)")), as: UTF8.self)
    }
}

extension [ImportedObject] {
    var silences: [ImportedObject] { filter { $0.kind == "silence" } }
    var configuration: ImportedObject? { first { $0.kind == "configuration" } }

    func count(_ outcome: ImportedObject.Outcome) -> Int { silences.count { $0.outcome == outcome } }
}

extension [Silence] {
    /// The silences as a user sees them, without ids.
    var seen: [String] {
        map { "\($0.matching) \(Instant.text($0.endsAt)) \($0.creator) \($0.comment)" }.sorted()
    }
}
