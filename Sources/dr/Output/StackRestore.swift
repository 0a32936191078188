import BackupRepository
import FoundationEssentials
import Glibc
import Operations
import Platform
import StackConfiguration

/// A restore of every component of a selection, each to a directory of its name. One that fails does not stop the
/// others.
struct StackRestore {
    let session: Session
    let repository: Repository
    let selection: RestoreSelection
    var isDryRun = false
    /// Writes the stored files without unpacking the components.
    var asFiles = false
    var replace = false
    var discardsPrevious = false
    var usesSeeds = true
    var owner = Owner.recorded

    private var output: Output { Output(options: session.options) }

    init(session: Session, repository: Repository, selection: RestoreSelection) {
        self.session = session
        self.repository = repository
        self.selection = selection
    }

    /// - Parameter directory: the parent of the targets; created if it is missing.
    func run(to directory: String) async throws -> StackRestored {
        let isNew = !isDryRun && !FileManager.default.fileExists(atPath: directory)
        if !isDryRun { try makeFolder(directory) }
        // Only while it is empty, as after a refusal of every component.
        defer { if isNew { rmdir(directory) } }
        let folder = URL(filePath: directory).absoluteURL.standardizedFileURL.path
        var result = StackRestored(
            target: folder, dryRun: isDryRun, stack: session.configuration.stack, repository: repository.description.id)
        for (component, part) in selection.parts.sorted(by: { $0.key < $1.key }) {
            do {
                var row = try await restore(component, of: part.set, to: "\(folder)/\(component)")
                let passedOver = selection.passedOver(for: component)
                row.passedOver = passedOver.isEmpty ? nil : passedOver
                result.components.append(row)
                if !session.options.json { output.note(row.text) }
                ProcessMemory.trim()  // a million files leave pages behind that the next component cannot use
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                output.warn("'\(component)' is not restored: \(error)")
                result.failed[component] = "\(error)"
            }
        }
        for component in selection.missing {
            output.warn("'\(component)' is not restored: no backup set holds it")
            result.failed[component] = "no backup set holds it"
        }
        return result
    }

    private func makeFolder(_ directory: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw FileError(directory, detail: "cannot create it: \(error)") }
    }

    private func restore(
        _ component: String, of set: BackupSet, to directory: String
    ) async throws -> StackRestored.Row {
        let manifest = try await session.pool.run { try repository.manifest(component, of: set) }
        var job = RestoreJob(
            session: session, repository: repository, set: set, manifest: manifest,
            settings: session.configuration.component(named: component))
        try await session.requireReadable([job], in: repository, isDryRun: isDryRun)
        job.owner = owner
        job.replace = replace
        job.discardsPrevious = discardsPrevious
        job.usesSeeds = usesSeeds
        for damage in manifest.damage {
            output.warn("'\(component)/\(damage.path.printable)' is not in this backup: \(damage.reason)")
        }
        var row = StackRestored.Row(component: component, set: set.name, target: directory, missing: manifest.damage)
        row.isDryRun = isDryRun
        let parent = URL(filePath: directory).deletingLastPathComponent().path
        switch try job.road(to: directory, asFiles: asFiles) {
        case .importer(let importer, let directory) where !isDryRun:
            let display = ProgressDisplay(options: session.options, work: [(component, job.progress)])
            let tally = ObjectTally()
            try await display.during { [job] in
                try await job.runImport(with: importer, into: directory) { tally.add($0) }
            }
            try tally.refuseFailures(of: component)
            row.files = manifest.totals.files
            row.bytes = manifest.totals.bytes
        case .importer, .volume, nil:
            row.files = manifest.totals.files
            row.bytes = manifest.totals.bytes
        case .files where isDryRun && !FileManager.default.fileExists(atPath: parent):
            // The folder that a restore makes is not there yet, so no obstacle is in it.
            row.files = manifest.totals.files
            row.bytes = manifest.totals.bytes
        case .files(let directory) where isDryRun:
            let plan = try await job.planFiles(to: directory)
            (row.files, row.bytes, row.advice) = (plan.files, plan.bytes, plan.obstacles)
        case .files(let directory):
            let display = ProgressDisplay(options: session.options, work: [(component, job.progress)])
            let report = try await display.during { [job] in try await job.restoreFiles(to: directory) }
            for line in report.advice { output.warn(line) }
            if let shortfall = report.shortfall { output.warn(shortfall.text(target: report.target)) }
            (row.files, row.bytes, row.advice) = (report.files, report.bytes, report.advice)
            (row.kept, row.shortfall) = (report.kept, report.shortfall)
        }
        return row
    }
}

/// The result of a restore of every component.
struct StackRestored: Encodable {
    struct Row: Encodable {
        var component: String
        var set: Timestamp
        var target: String
        var files = 0
        var bytes = 0
        var kept: String?
        var shortfall: OwnerShortfall?
        var advice: [String] = []
        /// Paths that the backup itself lacks.
        var missing: [Damage]
        /// The newer sets that were not used, newest first; absent if there are none.
        var passedOver: [RestoreSelection.PassedOver]?
        var isDryRun = false

        enum CodingKeys: CodingKey {
            case component, set, target, files, bytes, kept, shortfall, advice, missing, passedOver
        }

        var text: String {
            "\(isDryRun ? "would restore" : "restored") \(component) of set \(set) to \(target): \(Units.count(files, "file")), \(Units.bytes(bytes))"
        }
    }

    var target: String
    var dryRun: Bool
    var stack: String
    var repository: String
    var components: [Row] = []
    /// The errors of the components that are not restored.
    var failed: [String: String] = [:]

    init(target: String, dryRun: Bool, stack: String, repository: String) {
        self.target = target
        self.dryRun = dryRun
        self.stack = stack
        self.repository = repository
    }

    var isWhole: Bool { failed.isEmpty && !components.contains { $0.shortfall?.isSerious == true } }

    var text: String {
        let count = components.count + failed.count
        let bytes = Units.bytes(components.map(\.bytes).clampedSum())
        let verb = dryRun ? "would restore" : "restored"
        var lines =
            dryRun ? components.map { $0.text.replacing("restored", with: "would restore", maxReplacements: 1) } : []
        lines.append("\(verb) \(components.count) of \(count) components to \(target): \(bytes)")
        return lines.joined(separator: "\n")
    }
}
