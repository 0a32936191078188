internal import BackupRepository
internal import FoundationEssentials
internal import Glibc
internal import Platform

extension LokiRestorer {
    package func advice(restored tree: String, target: String) async -> [String] {
        let found = await pool.run { Restored(tree) }
        var advice: [String] = []
        var moved = found.moved
        if let server {
            do {
                let settings = try await server.settings()
                moved = moved.map { $0.updated(settings) }
                advice += found.advice(against: settings) + retention(settings, found)
            } catch {
                // The error's hint is about getting an answer now, which a restore does not need.
                let reason = "\(error)".prefix { $0 != "\n" }
                advice.append(
                    "dr could not read Loki's schema and retention (\(reason)). Before its start: "
                        + (found.periods.map { "it needs the periods \(Self.text($0)); " } ?? "")
                        + Self.remedy(found))
            }
        } else if found.oldest != nil {
            advice.append("before Loki's start: it needs the schema_config of the backup; \(Self.remedy(found))")
        }
        let prefix = found.pathPrefix ?? ""
        advice += moved.filter { $0.path != "\(prefix)/\($0.name)" }.map { part in
            "'\(part.name)' of the restored tree belongs in '\(part.path)' (\(part.key)): move it there before Loki's start"
        }
        if found.periods?.contains(where: { $0.store == "boltdb-shipper" }) == true {
            advice.append(
                "with boltdb-shipper, queries find lines of the write-ahead log up to a minute after the start only: "
                    + "Loki queries a snapshot of its index that it writes every minute. Run checks after that")
        }
        if found.hasDeleteRequests {
            advice.append(
                "requests for deletion were restored too: Loki will apply the pending ones to the "
                    + "restored logs")
        }
        if found.belongsToRoot {
            advice.append(
                "the restored files belong to root: give them to the user that Loki runs as, 10001:10001 in its image")
        }
        return advice
    }

    fileprivate static func text(_ periods: [LokiSettings.Period]) -> String {
        periods.map(\.text).joined(separator: "; ")
    }

    private static func remedy(_ found: Restored) -> String {
        let oldest = found.oldest.map { " (the oldest chunk ends at \(text($0)))" } ?? ""
        return "a retention_period that is too short\(oldest) deletes restored chunks soon after the start: set "
            + "compactor.retention_enabled=false first if in doubt"
    }

    private static func text(_ milliseconds: Int) -> String {
        RFC3339.text(seconds: milliseconds / 1000)
    }

    private func retention(_ settings: LokiSettings, _ found: Restored) -> [String] {
        guard settings.retentionEnabled, let text = settings.retention, let oldest = found.oldest,
            let period = LokiDuration.parse(text), period > 0, oldest < now() - period
        else { return [] }
        return [
            "the server's retention is \(text), and the oldest restored chunk ends at \(Self.text(oldest)): the compactor "
                + "removes older chunks soon after the start; set compactor.retention_enabled=false or a longer "
                + "limits_config.retention_period first to keep them"
        ]
    }

    /// The content of a restored tree, from its names alone.
    private struct Restored: Sendable {
        /// Milliseconds since 1970: the end of the chunk that ends first.
        var oldest: Int?
        var hasDeleteRequests = false
        var belongsToRoot = false
        /// From the server that was backed up; nil if it did not answer then.
        var periods: [LokiSettings.Period]?
        /// Directories of the tree that the server had in another place.
        var moved: [MovedDirectory] = []
        var pathPrefix: String?

        init(_ tree: String) {
            let files = TreeFiles(tree)
            while let batch = files.next() {
                for path in batch {
                    switch LokiPath(path) {
                    case .chunk(let name): oldest = min(oldest ?? name.through, name.through)
                    case .deleteRequests: hasDeleteRequests = true
                    default: break
                    }
                }
            }
            var status = stat()
            belongsToRoot = stat("\(tree)/\(LokiLayout.chunks)", &status) == 0 && status.st_uid == 0
            guard let data = FileManager.default.contents(atPath: "\(tree)/\(LokiLayout.description)") else { return }
            let document = [UInt8](data)
            periods = LokiSettings.periods(inDocument: document)
            pathPrefix = LokiSettings(document: document)?.pathPrefix
            moved = MovedDirectory.all(inDocument: document).filter { access("\(tree)/\($0.name)", F_OK) == 0 }
        }

        func advice(against settings: LokiSettings) -> [String] {
            guard let periods else { return [] }
            let missing = periods.filter { !settings.periods.contains($0) }
            guard !missing.isEmpty else { return [] }
            return [
                "the server's schema_config lacks periods of the backup, whose data it would not find: "
                    + LokiRestorer.text(missing)
            ]
        }
    }
}

extension MovedDirectory {
    /// The present place of the same part on the server that will use the data; the old place if that server does not
    /// name it.
    fileprivate func updated(_ settings: LokiSettings) -> MovedDirectory {
        let now = LokiFolders.Part.allCases.compactMap { $0.directory(settings) }.first { $0.key == key }
        return now.map { MovedDirectory(name, key: key, path: $0.path) } ?? self
    }
}

/// Durations in Loki's configuration: Go's ("744h0m0s") or PromQL's ("31d").
enum LokiDuration {
    private static let units = [
        "y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1,
    ]

    /// Milliseconds; nil when it is not a duration.
    static func parse(_ text: String) -> Int? {
        if text == "0" { return 0 }
        var rest = Substring(text)
        var total = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let count = Int(digits), count < 1 << 24, let factor = units[String(unit)] else { return nil }
            let (sum, isTooLong) = total.addingReportingOverflow(count * factor)
            guard !isTooLong, sum < 1 << 53 else { return nil }
            total = sum
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return total
    }
}
