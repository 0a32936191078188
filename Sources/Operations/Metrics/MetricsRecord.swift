import Cryptography
import FoundationEssentials
import Glibc
import Metrics
import Platform
import StackConfiguration

/// The metrics of earlier runs, in the state folder: without them a counter would begin again with each run.
///
/// A file that cannot be read counts as empty, since a scrape takes a counter that begins again for a restart.
struct MetricsRecord {
    private struct Content: Codable {
        /// Seconds since 1970.
        var began: Int
        var book: MetricBook
    }

    private var content: Content
    var book: MetricBook {
        get { content.book }
        set { content.book = newValue }
    }
    /// The time at which the counters began, in seconds since 1970.
    var began: Int { content.began }

    private static let largest = 16 << 20

    /// Changes the record, and calls `body` with the changed one while no other process can change it.
    /// - Returns: the record, and the reason why it could not be kept.
    static func update(
        at path: String, now: Int, _ change: (inout MetricBook) -> Void, then body: (MetricsRecord) -> Void
    ) -> (record: MetricsRecord, problem: String?) {
        var problem: String?
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { problem = FileFailure.text(error) }
        let lock = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        defer { if lock >= 0 { close(lock) } }
        // Another run holds it for milliseconds. If its disk is stuck, a lost count is better than a stuck backup.
        var tries = 40
        while lock >= 0, flock(lock, LOCK_EX | LOCK_NB) != 0, tries > 0 {
            tries -= 1
            usleep(50_000)
        }
        var record = read(path) ?? MetricsRecord(content: Content(began: now, book: MetricBook()))
        record.book.keep(only: Set(MetricDefinition.all.map(\.name)))
        change(&record.content.book)
        do {
            try OutputFile.write([UInt8](JSONEncoder().encode(record.content)), to: path, mode: 0o600, links: .refuse)
        } catch { problem = problem ?? FileFailure.text(error) }
        body(record)
        return (record, problem)
    }

    /// - Returns: nil if there is none that can be read.
    static func read(_ path: String) -> MetricsRecord? {
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= largest,
            let content = try? JSONDecoder().decode(Content.self, from: data)
        else { return nil }
        return MetricsRecord(content: content)
    }
}

extension Session {
    /// The file of the metrics of earlier runs: one for each stack and store.
    var metricsRecordPath: String {
        let identity = "\(configuration.stack)\n\(configuration.store.url)\n\(configuration.store.endpoint ?? "")"
        return "\(stateRoot)/metrics/\(Digest(of: [UInt8](identity.utf8)).hex.prefix(16)).json"
    }
}
