import ArgumentParser
import Blocking
import Configuration
import Repository

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring a component back, proved, into a directory.",
        discussion: """
            The tree is built beside the target, every file proved by its SHA-256 and the whole by the component's own \
            checks, and only then put in place, in one step. An interrupted restore goes on when it is run again.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "The component to restore.")
    var component: String

    @Option(name: .long, help: "The directory to restore to; its parent must exist.", completion: .directory)
    var to: String

    @Option(name: .long, help: "Which backup: 'latest', a set's name, an RFC 3339 time, or an age such as 6h.")
    var at: SetSelector = .latest

    @Flag(name: .long, help: "Replace what is in the target; the old content is kept beside it.")
    var replace = false

    @Option(name: .long, help: "Who is to own what is restored, as numbers: UID:GID. By default as recorded, if root.")
    var owner: String?

    @Argument(help: "Only these paths of the component, and what is below them. Everything by default.")
    var paths: [String] = []

    @Option(
        name: .long,
        help: "The private key that opens encrypted packs, PEM; its passphrase is taken from DR_RECOVERY_PASSPHRASE.",
        completion: .file())
    var recoveryKey: String?

    func validate() throws { _ = try parsedOwner() }

    private func parsedOwner() throws -> Owner {
        guard let owner else { return .recorded }
        let parts = owner.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        guard parts.count == 2, let uid = parts[0], let gid = parts[1] else {
            throw ValidationError("--owner takes two numbers, UID:GID, not '\(owner)'")
        }
        return .fixed(uid: uid, gid: gid)
    }

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository(recoveryKey: recoveryKey)
        let set = try await session.set(at, in: repository)
        let manifest = try await session.pool.run { [component] in try repository.manifest(component, of: set) }
        let target = try await session.pool.run { [to, replace] in
            try RestoreTarget(
                to, identity: "\(component)-\(manifest.name)", stamp: "\(Session.now())", replace: replace)
        }
        let output = Output(options: options)
        if target.path != to { output.note("restoring to \(target.path)") }
        let progress = WorkProgress()
        var restore = ComponentRestore(
            repository: repository, manifest: manifest, target: target, pool: session.pool, progress: progress)
        restore.paths = paths
        restore.owner = try parsedOwner()
        restore.lanes = Session.lanes
        restore.restorer = try Components.restorer(
            kind: manifest.source, session.configuration.component(named: component), session)
        let display = ProgressDisplay(options: options, work: [(component, progress)])
        let report = try await display.during { [restore] in try await restore.run() }
        for line in report.advice { output.warn(line) }
        for damage in manifest.damage {
            output.warn("'\(damage.path)' is not in this backup: \(damage.reason)")
        }
        let result = Result(set: set.name, component: component, manifest, report)
        try output.result(result) { text(result) }
    }

    private struct Result: Encodable {
        var set: Timestamp
        var component: String
        var target: String
        var kept: String?
        var files: Int
        var bytes: Int
        var reusedFiles: Int
        var reusedBytes: Int
        var fetchedBytes: Int
        var watermark: Int?
        var advice: [String]
        /// Paths that the backup itself lacks.
        var missing: [Damage]

        init(set: Timestamp, component: String, _ manifest: Manifest, _ report: ComponentRestore.Report) {
            self.set = set
            self.component = component
            target = report.target
            kept = report.kept
            files = report.files
            bytes = report.bytes
            reusedFiles = report.reusedFiles
            reusedBytes = report.reusedBytes
            fetchedBytes = report.fetched
            watermark = manifest.watermark
            advice = report.advice
            missing = manifest.damage
        }
    }

    private func text(_ result: Result) -> String {
        var lines = [
            "restored \(component) of set \(result.set) to \(result.target): \(result.files) files, \(Units.bytes(result.bytes))"
        ]
        if result.watermark != nil { lines.append("newest datum: \(Units.moment(milliseconds: result.watermark))") }
        if result.reusedFiles > 0 {
            lines.append("\(result.reusedFiles) files, \(Units.bytes(result.reusedBytes)), were here already")
        }
        if let kept = result.kept { lines.append("the old content is kept in \(kept)") }
        return lines.joined(separator: "\n")
    }
}
