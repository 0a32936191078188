internal import BackupRepository
internal import Platform
internal import Synchronization

/// A snapshot, which the run holds until it is archived.
struct PrometheusCapture: Capture {
    /// Blocks verified in parallel; each takes a few MiB.
    private static let width = 2

    let snapshot: HeldSnapshot
    let watermark: Int?
    let facts: [String: String]
    let warnings: [String]
    /// Blocks of the data directory that the server does not load.
    let unloaded: [Damage]
    /// Paths of entries that Prometheus ignores in the folders of blocks; they are skipped.
    let strays: Set<[UInt8]>
    let pool: BlockingPool

    var newestDatum: NewestDatum { NewestDatum(watermark) }
    /// The start of the first block, by its own `meta.json`.
    var oldestDatum: Int? { facts["oldest"].flatMap { Int($0) } }
    var root: String { snapshot.root }
    /// The server's data directory, not the snapshot's.
    var directoryOfData: String? { snapshot.directory.path }
    /// Hard links, which Prometheus never writes through.
    var isFrozen: Bool { true }

    func isExcluded(_ path: [UInt8]) -> Bool {
        guard !strays.isEmpty else { return false }
        return strays.contains(path.last == UInt8(ascii: "/") ? Array(path.dropLast()) : path)
    }

    /// Verifies each changed block; a damaged one is skipped completely, because Prometheus loads complete blocks only.
    func examine(_ changed: [String]) async throws -> [Damage] {
        let found = FoundDamage(unloaded)
        try await changed.filter(BlockName.isBlock).concurrentForEach(limit: Self.width) { [root, pool] name in
            let report = try await pool.run { try BlockVerifier("\(root)/\(name)").verify() }
            found.add(
                report.damage.map { part in
                    Damage(path: name, reason: part.path.isEmpty ? part.reason : "\(part.path): \(part.reason)")
                })
        }
        return found.list
    }

    func release() async throws { try await snapshot.release() }
}

/// Collects damage from blocks that are verified in parallel.
final class FoundDamage: Sendable {
    private let found: Mutex<[Damage]>

    init(_ found: [Damage] = []) { self.found = Mutex(found) }

    func add(_ damage: [Damage]) { found.withLock { $0 += damage } }

    /// Ordered by path; for one path in the order of finding.
    var list: [Damage] {
        let numbered = found.withLock { $0 }.enumerated()
        return numbered.sorted { ($0.element.path, $0.offset) < ($1.element.path, $1.offset) }.map(\.element)
    }
}
