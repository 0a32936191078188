import Testing

@testable import BackupRepository

/// Tests that a share in each run reads all packs within the period: simulated, with packs that are added and removed.
@Suite struct ReadingPlanTests {
    /// Pseudo-random and reproducible.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }

    /// A repository's packs and runs, with a clock that only the runs advance.
    private struct World {
        static let period = 10 * 86_400
        var random = Random(state: 7)
        var now = 1_767_225_600
        var ring = ReadingRing()
        var began: Timestamp?
        var credit = 0
        /// With the time when they were last known to be good: created, or read.
        var packs: [(pack: ReadingPlan.Pack, known: Int)] = []
        var sets: [Timestamp] = []
        /// The longest time in seconds for which a pack was not read; the largest read of a run, in even shares or as
        /// one pack.
        var longest = 0
        var most = 0.0
        var arcs = 0
        var read = 0

        mutating func add(_ bytes: Int) {
            let position = UInt32.random(in: 0 ... .max, using: &random)
            packs.append((.init(position: position, bytes: bytes), now))
        }

        /// Simulates a backup after `gap` seconds, and the reading that follows it.
        mutating func run(after gap: Int = 3600) {
            now += gap
            sets.append(Timestamp(seconds: now))
            let time = Timestamp(seconds: now)
            let pace = ReadingPace(period: Self.period, sets: sets)
            let plan = ReadingPlan(
                packs.map(\.pack), ring: ring, began: began ?? time, credit: credit, pace: pace, now: time)
            began = began ?? time
            read = 0
            for number in packs.indices {
                longest = max(longest, now - packs[number].known)
                guard plan.contains(packs[number].pack.position) else { continue }
                packs[number].known = now
                read += packs[number].pack.bytes
            }
            #expect(read == plan.bytes)
            let even = plan.totalBytes / (Self.period / 4 * 3 / 3600)
            let largest = packs.map(\.pack.bytes).max() ?? 0
            // The very first run assumes an interval of one day.
            if sets.count > 1, read > largest { most = max(most, Double(read - largest) / Double(max(even, 1))) }
            (ring, credit) = (plan.ring, plan.credit)
            ring.coarsen(within: Self.period / 256)
            arcs = max(arcs, ring.arcs.count)
        }
    }

    @Test func `every pack is read within the period and no run reads much more than another`() {
        var world = World()
        for _ in 0..<200 { world.add(Int.random(in: 1000...100_000, using: &world.random)) }
        for hour in 0..<24 * 25 {
            world.run()
            if hour % 3 == 0 { world.add(50_000) }  // new packs join
            if hour % 4 == 0 { world.packs.remove(at: hour % world.packs.count) }  // and old ones are pruned
        }
        #expect(world.longest <= World.period, "\(world.longest / 3600) h")
        #expect(world.longest > World.period / 2, "and not much more often than that: \(world.longest / 3600) h")
        #expect(world.most <= 2, "a steady schedule has steady shares: \(world.most)")
        #expect(world.arcs < 600)
    }

    @Test(arguments: [[100: 24], [240: 48, 300: 12, 420: 24], [0: 20, 239: 60]])
    func `outages are caught up`(_ outages: [Int: Int]) {
        var world = World()
        for _ in 0..<150 { world.add(Int.random(in: 1000...100_000, using: &world.random)) }
        for hour in 0..<24 * 25 { world.run(after: 3600 * (1 + (outages[hour] ?? 0))) }
        #expect(world.longest <= World.period, "\(world.longest / 3600) h")
        #expect(world.most <= 4.01, "no run reads more than four shares: \(world.most)")
    }

    /// Growth to ten times the size in ten days, from the middle of a round on.
    @Test func `growth is kept up with`() {
        var world = World()
        for _ in 0..<50 { world.add(50_000) }
        for hour in 0..<24 * 30 {
            world.run()
            if hour > 150, world.packs.count < 500 { for _ in 0..<2 { world.add(50_000) } }
        }
        #expect(world.longest <= World.period, "\(world.longest / 3600) h")
        #expect(world.packs.count == 501 || world.packs.count == 500)
    }

    /// One pack is most of the repository: the runs after the one that read it read less.
    @Test func `a large pack is not read again and again`() {
        var world = World()
        world.add(10_000_000)
        for _ in 0..<20 { world.add(1000) }
        var total = 0
        for _ in 0..<24 * 20 {
            world.run()
            total += world.read
        }
        #expect(world.longest <= World.period, "\(world.longest / 3600) h")
        #expect((2...6).contains(total / 10_020_000), "in two periods: \(total)")
    }

    /// An outage longer than the period: all packs are overdue, and still no run reads them all.
    @Test func `after a long outage many runs catch up`() {
        var world = World()
        for _ in 0..<300 { world.add(10_000) }
        for _ in 0..<24 * 9 { world.run() }
        world.run(after: 30 * 86_400)
        #expect(world.read < 10_000 * 300 / 20)
        world.longest = 0
        for packs in world.packs.indices { world.packs[packs].known = max(world.packs[packs].known, world.now - 1) }
        for _ in 0..<24 * 8 { world.run() }
        #expect(world.longest <= 8 * 86_400, "caught up before the next round is due")
    }

    @Test func `the interval is that of the schedule`() {
        func interval(_ times: [Int]) -> Int {
            ReadingPace(period: 86_400, sets: times.map { Timestamp(seconds: $0) }).interval
        }
        #expect(interval([]) == 86_400 && interval([5]) == 86_400)
        #expect(interval((0..<20).map { $0 * 3600 }) == 3600)
        #expect(interval((0..<20).map { $0 * 3600 + ($0 > 15 ? 900_000 : 0) }) == 3600, "an outage is ignored")
        #expect(interval([0, 86_400, 172_800, 172_801, 259_200]) == 86_400, "a manual run is ignored")
        #expect(interval([1, 2, 3]) == 60)
    }

    @Test func `the reading ring records the time of each reading`() throws {
        var ring = ReadingRing()
        let (first, second) = (Timestamp(seconds: 100), Timestamp(seconds: 200))
        ring.mark(10...19, read: first)
        ring.mark(15...30, read: second)
        #expect([9, 10, 14, 15, 30, 31].map { ring.read(at: $0)?.seconds } == [nil, 100, 100, 200, 200, nil])
        var other = ReadingRing()
        other.mark(0...(.max), read: Timestamp(seconds: 150))
        let joined = ring.joined(with: other)
        #expect([0, 14, 20, .max].map { joined.read(at: $0)?.seconds } == [150, 150, 200, 150])
        #expect(joined == other.joined(with: ring))
        ring.coarsen(within: 101)
        #expect(ring.read(at: 20) == first, "the earlier time counts")
        #expect(ring.read(at: 31) == nil, "an arc that was never read is not joined")
        ring.mark(.max ... .max, read: second)
        #expect(ring.read(at: .max) == second && ring.read(at: .max - 1) == nil)
        #expect(ReadingRing.position(ofPack: "ffffffff00") == .max && ReadingRing.position(ofPack: "none") == 0)
    }
}
