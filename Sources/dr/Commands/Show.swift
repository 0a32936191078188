import ArgumentParser
import BackupRepository
import Cryptography
import Operations
import Platform
import StackConfiguration

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show one backup set: its components, facts, damage and files.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var key: RecoveryKeyOptions

    @Argument(help: "Backup set: \(SetSelector.words).")
    var set: SetSelector = .latest

    @Option(name: .long, help: "Show only this component.")
    var component: String?

    @Flag(name: .long, help: "List every file.")
    var files = false

    func run() async throws {
        let session = try await Session(options, source, key: key).fallingOver.askingOnce
        let repository = try await session.repository()
        let selector = set
        let set = try await session.set(selector, in: repository)
        let names = component.map { [$0] } ?? set.components.keys.sorted()
        var manifests: [Manifest] = []
        for name in names {
            manifests.append(try await session.pool.run { try repository.manifest(name, of: set) })
        }
        if files { return try await listFiles(manifests, in: repository, session: session) }
        let report = try await SetReport(session, of: set, in: repository, selector: selector, manifests: manifests)
        let output = Output(options: options)
        for remark in report.remarks { output.warn(remark) }
        try output.result(report) {
            ([SetText.summary(set)] + [report.encryption.map(SetText.encryption)].compactMap { $0 }
                + [RestorePointText.text(report.restorePoint)] + manifests.map(text)).joined(separator: "\n\n")
        }
    }

    private func text(_ manifest: Manifest) -> String {
        var lines = ["\(manifest.component) (\(manifest.source)), captured \(manifest.captured.readable)"]
        lines += manifest.facts.sorted { $0.key < $1.key }.map { fact in
            // A list of all objects of a type, or the document of a claim; --json has the whole of it.
            let value = fact.value.count > 100 ? "\(fact.value.prefix(99))…" : fact.value
            return "  \(fact.key.printable): \(value.printable)"
        }
        let totals = manifest.totals
        lines.append("  files: \(totals.files), directories: \(totals.directories), links: \(totals.links)")
        lines.append("  packs: \(manifest.packs.count)")
        lines += manifest.damage.map { "  not in this backup: '\($0.path.printable)': \($0.reason)" }
        return lines.joined(separator: "\n")
    }

    /// Prints each file as it is read, so that memory stays constant for millions of files.
    private func listFiles(_ manifests: [Manifest], in repository: Repository, session: Session) async throws {
        var stream = JSONStream(options.json ? "files" : nil)
        for manifest in manifests {
            let listing = try await TreeListing(of: manifest, in: repository, pool: session.pool)
            try listing.forEach { entry in
                let row = FileRow(component: manifest.component, entry)
                try stream.add(row) { "\(row.mode)  \(row.size)\t\(row.modified)  \(manifest.component)/\(row.name)" }
            }
        }
        try stream.end()
    }

    private struct FileRow: Encodable {
        var component: String
        var path: String
        /// The bytes of the path in base 64, if it is not UTF-8; `path` is then only an approximation.
        var path64: String?
        /// The path for operators; `dr restore` accepts it.
        var name: String
        var type: String
        var size: Int
        var mode: String
        var modified: String
        var sha256: String?

        init(component: String, _ entry: CatalogEntry) {
            self.component = component
            path = entry.record.name
            path64 = entry.record.path64
            name = PathText.text(of: entry.record.path)
            type = ["file", "directory", "link"][entry.record.kind.rawValue]
            size = entry.record.size
            let octal = String(entry.record.mode, radix: 8)
            mode = String(repeating: "0", count: max(0, 4 - octal.count)) + octal
            modified = Timestamp(seconds: entry.record.modified.seconds).rfc3339
            sha256 = entry.digest?.hex
        }

        private enum CodingKeys: String, CodingKey {
            case component, path, path64, type, size, mode, modified, sha256
        }
    }
}
