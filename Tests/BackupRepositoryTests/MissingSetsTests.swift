import ObjectStorage
import Platform
import Testing

@testable import BackupRepository

/// The set that a machine committed last, and that a restore cannot read.
@Suite struct MissingSetsTests {
    private func missing(_ store: any ObjectStore, for copied: CopiedFixture) throws -> MissingSets {
        try MissingSets(
            in: Repository(opening: store), state: try copied.files.state(of: copied.repository),
            components: ["tree"], now: CopiedFixture.now)
    }

    private func refusal(_ missing: MissingSets, leaving left: Timestamp? = nil) -> RepositoryError? {
        do { try missing.refuseOlder(leaving: left) } catch { return error as? RepositoryError }
        return nil
    }

    @Test func `a damaged set is refused until an operator drops it`() async throws {
        let copied = try await CopiedFixture(sets: 2)
        let names = try copied.repository.setNames()
        copied.store.change(Layout.set(names[1])) { $0[$0.count / 2] ^= 1 }
        let damaged = try missing(copied.store, for: copied)
        #expect(damaged.ownLast == names[1])
        let hint = try #require(refusal(damaged, leaving: names[0])?.hint)
        #expect(hint.contains("`dr repair`") && hint.contains("add --accept-older to use set \(names[0])"), "\(hint)")
        try Marks(copied.repository).put(
            DroppedMark(at: CopiedFixture.now, tool: "test", set: names[1], reason: "damaged"))
        #expect(try missing(copied.store, for: copied).ownLast == nil)
    }

    @Test func `a set from the future is not called removed, by a reader or by the next run`() async throws {
        let copied = try await CopiedFixture(sets: 1)
        let (now, future) = (CopiedFixture.now, Timestamp(seconds: CopiedFixture.now.seconds + 40 * 86_400))
        try await copied.files.backup(copied.repository, now: { future })
        let found = try missing(copied.store, for: copied)
        #expect(found.isEmpty && found.suspicions.isEmpty, "\(found.lines) \(found.hints)")
        let next = try await copied.files.backup(copied.repository, now: { now })
        #expect(!next.warnings.contains { $0.contains("is gone") }, "\(next.warnings)")
        #expect(try missing(copied.store, for: copied).isEmpty)
    }

    @Test func `a set that a prune removed is not missing, whenever that was`() async throws {
        let copied = try await CopiedFixture(sets: 2)
        let names = try copied.repository.setNames()
        _ = try copied.store.delete([Layout.set(names[0])])
        try copied.files.state(of: copied.repository).recordMissing(names[0])
        #expect(try missing(copied.store, for: copied).ownEarlier == [names[0]])
        try Marks(copied.repository).put(PrunedMark(at: CopiedFixture.now, tool: "test", sets: [names[0]]))
        #expect(try missing(copied.store, for: copied).isEmpty)
    }

    @Test func `a set that only a store may have that is away is not called removed`() async throws {
        let copied = try await CopiedFixture(sets: 2)
        let last = try #require(try copied.repository.setNames().last)
        _ = try copied.store.delete([Layout.set(last)])
        #expect(try refusal(missing(copied.store, for: copied))?.detail.contains("no prune removed it") == true)
        let away = ClosedStore(
            "away", because: ObjectStoreError(.unreachable, operation: "get", key: nil, "it is away", store: "away"))
        let stores = FallbackStore(
            .init(name: "first", store: away), then: [.init(name: "copy", store: copied.store)])
        let found = try missing(stores, for: copied)
        #expect(found.ownLast == last)
        let error = try #require(refusal(found))
        #expect(!error.detail.contains("no prune removed it"), "\(error)")
        #expect(error.hint?.contains("the first store may have it") == true, "\(error)")
    }
}
