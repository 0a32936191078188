import ObjectStorage
import Retention
import Testing

@testable import BackupRepository

/// Which packs move, and to which class.
@Suite struct TierChoiceTests {
    private static let day = 86_400
    private static let now = 1_800_000_000
    private let rules = [TierRule(.glacier, after: 90 * day), TierRule(.standardIA, after: 30 * day)]

    private func decision(
        _ need: PackAges.Need?, in present: StorageClass? = nil, size: Int = 1 << 20, component: String = "tree"
    ) -> TierChoice.Decision {
        let ages = PackAges(needs: ["tree": need.map { ["p": $0] } ?? [:]], now: Self.now)
        let object = ObjectInfo(key: Layout.pack("tree", "p"), size: size, storageClass: present)
        return TierChoice(ages, rules: rules, largest: 5 << 30).decision(on: object, pack: "p", of: component)
    }

    private func age(_ days: Int) -> PackAges.Need { .last(Self.now - days * Self.day) }

    @Test(arguments: [
        (-1, TierChoice.Decision.keep(.young)), (0, .keep(.young)), (29, .keep(.young)),
        (30, .move(.standardIA)), (89, .move(.standardIA)), (90, .move(.glacier)), (4000, .move(.glacier)),
    ])
    func `a pack moves to the class of its age`(days: Int, expected: TierChoice.Decision) {
        #expect(decision(age(days)) == expected)
    }

    @Test func `a pack that a restore or backup uses never moves`() { #expect(decision(.now) == .keep(.young)) }

    @Test func `a pack that no set needs is left to a prune`() { #expect(decision(nil) == .keep(.unneeded)) }

    @Test(arguments: [
        (40, StorageClass.standardIA, TierChoice.Decision.keep(.there)), (40, .glacier, .keep(.there)),
        (100, .standardIA, .move(.glacier)), (100, .glacierIR, .move(.glacier)), (100, .deepArchive, .keep(.there)),
    ])
    func `no pack moves to a warmer class`(days: Int, present: StorageClass, expected: TierChoice.Decision) {
        #expect(decision(age(days), in: present) == expected)
    }

    @Test func `a pack in an archive stays there, because it cannot be copied`() {
        let rules = [TierRule(.glacier, after: 30 * Self.day), TierRule(.deepArchive, after: 90 * Self.day)]
        let ages = PackAges(needs: ["tree": ["p": age(100)]], now: Self.now)
        let object = ObjectInfo(key: Layout.pack("tree", "p"), size: 1 << 20, storageClass: .glacier)
        let choice = TierChoice(ages, rules: rules, largest: 5 << 30)
        #expect(choice.decision(on: object, pack: "p", of: "tree") == .keep(.there))
    }

    @Test func `a class that dr does not know is left alone`() {
        #expect(decision(age(100), in: StorageClass(answer: "INTELLIGENT_TIERING")) == .keep(.there))
    }

    @Test func `small and very large packs stay`() {
        #expect(decision(age(100), size: 1000) == .keep(.small))
        #expect(decision(age(100), size: (5 << 30) + 1) == .keep(.large))
        #expect(decision(age(100), size: 5 << 30) == .move(.glacier))
    }
}

/// The newest need of each pack, from real sets.
@Suite struct PackAgesTests {
    private func ages(_ fixture: PruneFixture, keepLast: Int = 10) async throws -> PackAges {
        let now = fixture.now
        let prune = Prune(
            repository: try fixture.repository(), policy: RetentionPolicy(keepLast: keepLast), tool: "test",
            pool: Fixture.pool, now: { now })
        return try await PackAges(for: prune)
    }

    @Test func `a pack has the age of the newest set that needs it, and the newest set is never old`() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", [UInt8](repeating: 1, count: 1000))
        try fixture.write("old", [UInt8](repeating: 2, count: 1000))
        let first = try await fixture.backup()
        fixture.pass(hours: 24)
        try fixture.write("old", [UInt8](repeating: 3, count: 1000))
        let second = try await fixture.backup()
        fixture.pass(hours: 24 * 20)

        let ages = try await ages(fixture)
        #expect(ages.frozen.isEmpty, "\(ages.frozen)")
        let needs = ages.needs.values.flatMap(\.values)
        #expect(!needs.isEmpty && ages.now == fixture.now.seconds)
        #expect(needs.contains(.now), "packs of set \(second.name), although it is 20 days old")
        // The first set's pack still has 'a', which the second set needs.
        #expect(!needs.contains(.last(first.name.seconds)))
    }

    @Test func `a pack that only an old set needs has that set's age`() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", [UInt8](repeating: 1, count: 1000))
        let first = try await fixture.backup()
        fixture.pass(hours: 24)
        try fixture.write("a", [UInt8](repeating: 3, count: 1000))
        try await fixture.backup()
        let ages = try await ages(fixture)
        #expect(ages.needs.values.flatMap(\.values).sorted() == [.last(first.name.seconds), .now])
    }

    @Test func `a young set that the policy drops keeps the packs that it shares with an old one`() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", Fixture.noise(1000, seed: 1))
        let first = try await fixture.backup()
        fixture.pass(hours: 24)
        let second = try await fixture.backup()
        fixture.pass(hours: 24)
        try fixture.write("a", Fixture.noise(1000, seed: 2))
        try await fixture.backup()
        // The policy keeps the newest set and the pinned one, and drops the set between them.
        let pin = PinnedMark(at: fixture.now, set: first.name, until: nil, reason: nil)
        try Marks(try fixture.repository()).put(pin)
        let ages = try await ages(fixture, keepLast: 1)
        #expect(ages.frozen.isEmpty && ages.sealed.isEmpty, "\(ages.frozen) \(ages.sealed)")
        let needs = ages.needs.values.flatMap(\.values)
        #expect(needs.contains(.last(second.name.seconds)) && !needs.contains(.last(first.name.seconds)), "\(needs)")
    }

    @Test func `what stops a prune stops the tiers`() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", [1])
        let set = try await fixture.backup()
        fixture.pass(hours: 24)
        try fixture.write("a", [2])
        try await fixture.backup()
        fixture.store.change(Layout.set(set.name)) { $0[10] ^= 1 }
        let ages = try await ages(fixture)
        #expect(!ages.frozen.isEmpty && ages.needs.isEmpty)
    }

    @Test func `a choice writes nothing to the store`() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", [1])
        try await fixture.backup()
        let before = fixture.store.keys
        _ = try await ages(fixture)
        #expect(fixture.store.keys == before)
    }
}
