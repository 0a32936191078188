import ArgumentParser
import Blocking
import Configuration
import Catalog
import Cryptography
import Repository

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show one set: its components, facts and damage, and its files.")

    @OptionGroup var options: GlobalOptions

    @Argument(help: "A set's name, 'latest', an RFC 3339 time, or an age such as 6h.")
    var set: SetSelector = .latest

    @Option(name: .long, help: "Only this component.")
    var component: String?

    @Flag(name: .long, help: "List every file.")
    var files = false

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository()
        let set = try await session.set(set, in: repository)
        let names = component.map { [$0] } ?? set.components.keys.sorted()
        var manifests: [Manifest] = []
        for name in names {
            manifests.append(try await session.pool.run { try repository.manifest(name, of: set) })
        }
        if files { return try await listFiles(manifests, repository, session) }
        let skew = Skew(set)
        try Output(options: options).result(Result(set: set, manifests: manifests, skewSeconds: skew.seconds)) {
            ([SetText.summary(set), skew.text].compactMap { $0 } + manifests.map(text)).joined(separator: "\n\n")
        }
    }

    private struct Result: Encodable {
        var set: BackupSet
        var manifests: [Manifest]
        /// Between the oldest and the newest capture, or watermark where there is one.
        var skewSeconds: Int
    }

    private func text(_ manifest: Manifest) -> String {
        var lines = ["\(manifest.component) (\(manifest.source)), captured \(manifest.captured.readable)"]
        lines += manifest.facts.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
        let totals = manifest.totals
        lines.append("  files: \(totals.files), directories: \(totals.directories), links: \(totals.links)")
        lines.append("  packs: \(manifest.packs.count)")
        lines += manifest.damage.map { "  left out: '\($0.path)': \($0.reason)" }
        return lines.joined(separator: "\n")
    }

    /// Printed as they come: a list of a million files is never held.
    private func listFiles(_ manifests: [Manifest], _ repository: Repository, _ session: Session) async throws {
        var stream = JSONStream(options.json ? "files" : nil)
        for manifest in manifests {
            let listing = try await TreeListing(of: manifest, in: repository, pool: session.pool)
            try listing.forEach { entry in
                let row = FileRow(component: manifest.component, entry)
                try stream.add(row) { "\(row.mode)  \(row.size)\t\(row.modified)  \(manifest.component)/\(row.path)" }
            }
        }
        stream.end()
    }

    private struct FileRow: Encodable {
        var component: String
        var path: String
        var type: String
        var size: Int
        var mode: String
        var modified: String
        var sha256: String?

        init(component: String, _ entry: CatalogEntry) {
            self.component = component
            path = entry.record.name
            type = ["file", "directory", "link"][entry.record.kind.rawValue]
            size = entry.record.size
            let octal = String(entry.record.mode, radix: 8)
            mode = String(repeating: "0", count: max(0, 4 - octal.count)) + octal
            modified = Timestamp(seconds: entry.record.modified / 1_000_000_000).rfc3339
            sha256 = entry.digest?.hex
        }
    }
}

/// How far apart in time a set's components are: what a restore of all of them brings back is that inconsistent.
private struct Skew {
    let seconds: Int
    private let oldest: String?
    private let newest: String?

    init(_ set: BackupSet) {
        let times = set.components.map {
            (name: $0.key, at: $0.value.watermark.map { $0 / 1000 } ?? $0.value.captured.seconds)
        }
        .sorted { $0.at < $1.at }
        (oldest, newest) = (times.first?.name, times.last?.name)
        seconds = (times.last?.at ?? 0) - (times.first?.at ?? 0)
    }

    var text: String? {
        guard let oldest, let newest, oldest != newest else { return nil }
        return "skew between components: \(Units.duration(seconds: seconds)) (oldest \(oldest), newest \(newest))"
    }
}
