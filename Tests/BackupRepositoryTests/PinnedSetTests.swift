import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// What a pin says of its set.
@Suite struct PinnedSetTests {
    private func history() async throws -> (PruneFixture, [BackupSet]) {
        let fixture = try PruneFixture()
        var sets: [BackupSet] = []
        for number in 1...3 {
            try fixture.write("own", Fixture.noise(2000, seed: UInt64(number)))
            sets.append(try await fixture.backup())
            // Longer than a run may last. After the last one, shorter than the gap that freezes every prune.
            fixture.pass(hours: 24 * (number < 3 ? 60 : 8))
        }
        return (fixture, sets)
    }

    @Test func `a pin says what a prune has announced`() async throws {
        let (fixture, sets) = try await history()
        let repository = try fixture.repository()
        func pinned(_ set: BackupSet) throws -> PinnedSet {
            try PinnedSet(set.name, in: repository, grace: 3600, now: fixture.now)
        }
        #expect(try pinned(sets[0]) == .safe)
        _ = try await fixture.prune(grace: 3600)
        #expect(try pinned(sets[0]) == .announced && pinned(sets[2]) == .safe)
        fixture.pass(hours: 1)
        #expect(try pinned(sets[0]) == .due)
        try Marks(repository).put(PinnedMark(at: fixture.now, set: sets[1].name, until: nil, reason: nil))
        _ = try await fixture.prune(grace: 3600)
        #expect(try pinned(sets[0]) == .gone)
        #expect(try pinned(sets[1]) != .gone, "a prune that begins after the pin keeps the set")
    }
}
