import ObjectStorage
import Platform

@testable import BackupRepository

/// A repository with some sets, each with a pack of its own, and further stores of it.
struct CopiedFixture {
    static let start = PruneFixture.beginning
    static let now = Timestamp(seconds: start + 10 * 3600)

    let files: Fixture
    let store: MemoryStore
    let repository: Repository

    /// - Parameter sets: the number of sets, an hour apart.
    init(sets: Int) async throws {
        files = try Fixture()
        store = MemoryStore(clock: Self.start)
        repository = try files.repository(store)
        try files.writeTree()
        for number in 1...sets {
            try files.write("added-\(number)", Fixture.noise(5000, seed: UInt64(number)))
            store.clock += 3600
            let time = Timestamp(seconds: store.clock)
            try await files.backup(repository, now: { time })
        }
    }

    /// Copies to an open repository the sets that it lacks.
    static func copy(
        _ source: Repository, to target: Repository, only: Set<Timestamp>? = nil, isRepair: Bool = false
    ) async throws -> SetCopy.Report {
        let lacking = try SetCopy.lacking(only ?? Set(source.setNames()), in: target)
        var job = SetCopy(source, to: target, tool: "test", now: now, pool: Fixture.pool, progress: WorkProgress())
        job.isRepair = isRepair
        return try await job.run(lacking)
    }

    /// The objects of a store, except those of some kinds.
    /// - Parameter skipped: the prefixes of their keys.
    static func contents(_ store: MemoryStore, skipping skipped: [String]) throws -> [ObjectKey: [UInt8]] {
        let kept = store.keys.filter { key in !skipped.contains { key.text.hasPrefix($0) } }
        return Dictionary(uniqueKeysWithValues: try kept.map { ($0, try store.read($0)) })
    }
}
