internal import Components
internal import Documents
internal import FoundationEssentials
internal import Glibc
internal import HTTP
internal import Platform

/// Compares Loki's index with its chunks in both directions. Loki answers a query over a missing chunk, or over one that
/// its index does not list, with success and fewer lines.
struct LokiIndexCheck: RecoveryCheck {
    let name = "loki_index"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    private let settings: LokiComponent
    private let api: LokiAPI?
    var target: String { "each entry has a chunk, each chunk an entry" }
    /// It reads the whole index.
    var timeLimit: Duration? { .seconds(600) }

    /// Loki lists a chunk right after it has stored it.
    private static let secondsToList = 60
    /// The longest time that a backup takes. It stores chunks after it has copied the index, so that it may hold chunks
    /// without an entry. Their lines are in its copy of the write-ahead log.
    private static let longestBackup = 6 * 3600

    init(_ subject: CheckedComponent, settings: LokiComponent, api: LokiAPI?) {
        self.subject = subject
        self.settings = settings
        self.api = api
    }

    func measure() throws -> Components.Measurement {
        let now = WallClock.system.milliseconds
        let server = try? api?.settingsNow()
        let folders = LokiFolders(
            data: settings.data, chunks: settings.chunks, rules: settings.rules, wal: settings.wal)
        let usual = settings.chunks ?? "\(folders.data)/\(LokiLayout.chunks)"
        let layout = try? folders.layout(server, "check of '\(folders.data)'")
        let chunks = layout.map(\.chunks) ?? usual
        guard access(chunks, R_OK | X_OK) == 0 else {
            return .skipped("'\(chunks)' is not a folder that dr can read on this machine")
        }
        var fresh = [now / 1000 - Self.secondsToList...Int.max]
        if let captured = subject.captured.map({ $0 / 1000 }) ?? Self.captured(folders.data) {
            fresh.append(captured - Self.secondsToList...captured + Self.longestBackup)
        }
        let retention = server.flatMap { $0.retentionEnabled ? $0.retention.flatMap(LokiDuration.parse) : nil } ?? 0
        let comparison = try IndexComparison(
            chunks: chunks, active: (layout?.activeIndexes ?? []).filter { access($0, R_OK | X_OK) == 0 },
            fresh: fresh,
            isExpired: { retention > 0 && $0 < now - retention })
        return Self.judge(try comparison.run())
    }

    /// The time at which a backup of these data was made, in seconds since 1970; nil if they were not restored.
    private static func captured(_ data: String) -> Int? {
        var status = stat()
        return lstat("\(data)/\(LokiLayout.description)", &status) == 0 ? status.st_mtim.tv_sec : nil
    }

    static func judge(_ found: IndexComparison.Findings) -> Components.Measurement {
        let size = "\(counted(found.chunks, "chunk")), \(counted(found.files, "index file"))"
        if let first = found.damaged.first {
            return .failed(
                "\(counted(found.damaged.count, "damaged index file"))", "\(first). \(remedy)")
        }
        var failures: [String] = []
        var details: [String] = []
        if found.missing > 0 {
            failures.append("\(counted(found.missing, "entry", many: "entries")) without chunk")
            details.append("first entry without chunk: \(found.firstMissing ?? "")")
        }
        if found.unlisted > 0 {
            failures.append("\(counted(found.unlisted, "chunk")) without entry")
            details.append("first chunk without entry: \(found.firstUnlisted ?? ""), which queries do not find")
        }
        guard failures.isEmpty else {
            let advice = found.unlisted > 0 ? ". \(remedy)" : ""
            return .failed("\(failures.joined(separator: ", ")) (\(size))", details.joined(separator: "; ") + advice)
        }
        if found.chunks == 0, found.files == 0 { return .skipped("there are no chunks") }
        if found.unknown > 0 {
            details.append(
                "not compared: \(counted(found.unknown, "chunk")), whose entry may be in a bolt file that Loki was writing"
            )
        }
        if found.fresh > 0 {
            details.append(
                "\(counted(found.fresh, "chunk")) without entry, written during the backup or a moment ago")
        }
        return .passed(size, details.isEmpty ? nil : details.joined(separator: "; "))
    }

    private static let remedy =
        "`dr restore --component NAME --rebuild-index --existing --to DIR` builds the index from the chunks"

    private static func counted(_ count: Int, _ one: String, many: String? = nil) -> String {
        "\(count) \(count == 1 ? one : many ?? "\(one)s")"
    }
}

extension LokiAPI {
    /// The settings in effect on the server. Blocks: for a thread of the pool.
    fileprivate func settingsNow() throws -> LokiSettings {
        let answer = try client.perform(client.request("GET", path: "/config"))
        guard answer.isSuccess else { throw answer.failure }
        return try LokiSettings(yaml: answer.body, answer.operation)
    }
}
