import FileTree
import Foundation
import Lab
import ObjectStorage
import Platform
import Synchronization
import Testing

@testable import BackupRepository

/// Backups and prunes that race, interrupted after each store operation.
@Suite(.serialized) struct InterleavingTests {
    /// The actors of a race.
    private enum Actor: Int {
        /// A backup that builds upon the newest set.
        case slow
        /// Another machine's backup of an unrelated tree: after it, only the slow backup needs the packs of the former
        /// newest set.
        case other
        case prune, secondPrune
        /// Advances the clock by nine days with each operation: a run that began before is taken for dead.
        case time
        /// Restores the newest set that it finds, while a prune may remove it.
        case reader
    }

    private let fixture: PruneFixture

    init() async throws {
        fixture = try PruneFixture()
        for file in 0..<2 { try fixture.write("f\(file)", Fixture.noise(1500, seed: UInt64(file + 1))) }
        try await fixture.backup()
        fixture.pass(hours: 1)
        try fixture.write("f1", Fixture.noise(1500, seed: 3))
        try await fixture.backup()
        fixture.pass(hours: 30)
        try FileManager.default.createDirectory(at: otherTree, withIntermediateDirectories: true)
        try Data(Fixture.noise(800, seed: 50)).write(to: otherTree.appending(path: "z"))
    }

    private var otherTree: URL { fixture.fixture.folder.url.appending(path: "other") }

    /// - Parameters:
    ///   - leaps: the number of times that nine days pass.
    ///   - isOtherNewer: true if the other backup's set has the later name, so that it is kept.
    /// - Returns: the number of operations of each actor.
    @discardableResult
    private func race(
        _ turns: [(Actor, Int)], leaps: Int = 0, isOtherNewer: Bool = false, dying: (actor: Actor, after: Int)? = nil,
        secondPrune: Bool = false, reading: Bool = false, remembering: Bool = false
    ) async throws -> [Int] {
        let store = fixture.store.fork()
        let start = Timestamp(seconds: store.clock)
        let otherStart = Timestamp(seconds: store.clock + (isOtherNewer ? 1800 : -1800))
        fixture.note(start)
        fixture.note(otherStart, ["z": Fixture.noise(800, seed: 50)])
        let interleaving = Interleaving(
            actors: 6, turns.map { .init(actor: $0.0.rawValue, operations: $0.1) },
            deaths: dying.map { [$0.actor.rawValue: $0.after] } ?? [:])
        let (fixture, otherTree, state) = (fixture, otherTree, UUID().uuidString)
        let open: @Sendable (any ObjectStore) async throws -> Repository = { scheduled in
            // Opened in the test's own thread pool, because waiting for a turn blocks.
            try await Self.pool.run {
                try Repository(opening: remembering ? RememberedObjects(scheduled) : scheduled)
            }
        }
        let prune: @Sendable (any ObjectStore) async throws -> Void = { scheduled in
            let repository = try await open(scheduled)
            try await fixture.prune(store, grace: 0) { prune in
                prune.repository = repository
                prune.now = { Timestamp(seconds: store.clock) }
                prune.pool = Self.pool
            }
        }
        let restored = Mutex<(name: Timestamp, content: [String: [UInt8]])?>(nil)
        let chosen = Mutex<Timestamp?>(nil)
        let outcomes = await interleaving.run(
            [
                { scheduled in
                    try await fixture.fixture.backup(
                        try await open(scheduled), state: "slow-\(state)", pool: Self.pool,
                        now: { start })
                },
                { scheduled in
                    try await fixture.fixture.backup(
                        try await open(scheduled), source: FileTreeSource(data: otherTree.path),
                        state: "other-\(state)", pool: Self.pool, now: { otherStart })
                },
                prune,
                { scheduled in if secondPrune { try await prune(scheduled) } },
                { scheduled in
                    for _ in 0..<leaps {
                        try await Self.pool.run {
                            _ = try scheduled.head(Layout.description)
                            store.clock += 9 * 86_400
                        }
                    }
                },
                { scheduled in
                    guard reading else { return }
                    let repository = try await open(scheduled)
                    let set = try await Self.pool.run { () -> BackupSet? in
                        let name = try repository.setNames().last
                        chosen.withLock { $0 = name }
                        return try name.map { try repository.set($0) }
                    }
                    guard let set else { return }
                    let folder = "out-\(state)"
                    try await fixture.fixture.restore(repository, set: set, to: folder, pool: Self.pool)
                    let content = try fixture.files(of: folder)
                    restored.withLock { $0 = (set.name, content) }
                },
            ], on: store)
        try expectRestored(
            restored.withLock { $0 }, of: chosen.withLock { $0 }, error: outcomes[5], in: store, label: "\(turns)")

        let label = "\(turns), \(leaps) leaps, dying \(dying.map { "\($0)" } ?? "none")"
        for (number, error) in outcomes.enumerated()
        where number != Actor.reader.rawValue && number != dying?.actor.rawValue {
            guard let error else { continue }
            #expect(leaps > 0 && error is RunGivenUp, "\(label): actor \(number): \(error)")
        }
        try await fixture.expectWhole(store, label)
        // The set that was reported as written exists, or a newer one.
        let names = try fixture.repository(store).setNames()
        let reported = [(start, outcomes[0]), (otherStart, outcomes[1])].filter { $0.1 == nil }.map(\.0).max()
        if let reported { #expect((names.last ?? reported) >= reported && !names.isEmpty, "\(label)") }
        // Later prunes leave the repository consistent, without leftovers.
        for _ in 0..<3 {
            store.clock += 9 * 86_400
            try await fixture.prune(store, grace: 0) { $0.now = { Timestamp(seconds: store.clock) } }
        }
        try await fixture.expectWhole(store, "\(label), pruned again")
        #expect(store.keys("sets/").count == 1 && store.keys("tree/backups/").count == 1, "\(label)")
        #expect(store.keys("marks/run/").isEmpty && store.keys("marks/prune/").isEmpty, "\(label)")
        return interleaving.operations
    }

    /// Checks that a successful restore has every byte, and that a failed one lost its set to a prune and reports it.
    private func expectRestored(
        _ restored: (name: Timestamp, content: [String: [UInt8]])?, of chosen: Timestamp?, error: (any Error)?,
        in store: MemoryStore, label: String
    ) throws {
        if let restored {
            #expect(restored.content == fixture.content(of: restored.name), "\(label): \(restored.name)")
        } else if let error {
            let isTold =
                [.damaged, .noSuchSet].contains((error as? RepositoryError)?.reason)
                || (error as? ObjectStoreError)?.reason == .notFound || error is RestoreFailure
            #expect(isTold, "\(label): \(error)")
            let isThere = chosen.map { (try? fixture.repository(store).set($0)) != nil } ?? false
            #expect(!isThere, "\(label): the set is there, and yet: \(error)")
        }
    }

    /// A separate pool: its threads block until it is their actor's turn.
    private static let pool = BlockingPool(threads: 24)

    private static let toTheEnd = 1_000_000

    /// The slow backup pauses after each of its operations, while the other backup and a prune run to their end.
    /// Each with a store that asks for everything, and with one that remembers answers.
    @Test(arguments: [0, 2], [false, true])
    func `a backup is overtaken anywhere`(leaps: Int, remembering: Bool) async throws {
        let whole = try await race([(.slow, Self.toTheEnd)], leaps: leaps, remembering: remembering)
        #expect(remembering ? whole[0] > 7 && whole[2] > 10 : whole[0] > 12 && whole[2] > 20, "\(whole)")
        for number in 0...whole[0] {
            for isOtherNewer in [false, true] {
                try await race(
                    [(.slow, number), (.other, Self.toTheEnd), (.time, leaps), (.prune, Self.toTheEnd)], leaps: leaps,
                    isOtherNewer: isOtherNewer, remembering: remembering)
            }
        }
    }

    /// A prune pauses after each of its operations, while the slow backup, which has already read its base, runs to its
    /// end.
    @Test(arguments: [0, 2], [false, true])
    func `a prune is overtaken anywhere`(leaps: Int, remembering: Bool) async throws {
        let whole = try await race([(.slow, Self.toTheEnd)], leaps: leaps, remembering: remembering)
        // Before it read any document, after it had read them, after its manifest was written, after its set was
        // written.
        for head in [3, whole[0] / 2, whole[0] - 5, whole[0] - 3, whole[0] - 2] {
            let before: [(Actor, Int)] = [(.slow, head), (.other, Self.toTheEnd), (.time, leaps)]
            let count = try await race(
                before + [(.prune, Self.toTheEnd)], leaps: leaps, remembering: remembering)[2]
            for number in stride(from: head % 5, through: count, by: remembering ? 2 : 5) {
                try await race(
                    before + [(.prune, number), (.slow, Self.toTheEnd)], leaps: leaps, remembering: remembering)
            }
        }
    }

    /// A restore pauses after each of its operations, while the other backup and a prune run to their end.
    @Test(arguments: [false, true]) func `a restore is overtaken anywhere`(remembering: Bool) async throws {
        let whole = try await race([(.reader, Self.toTheEnd)], reading: true, remembering: remembering)
        #expect(whole[5] > 4)
        for number in 0...whole[5] {
            for isOtherNewer in [false, true] {
                try await race(
                    [(.reader, number), (.slow, Self.toTheEnd), (.other, Self.toTheEnd), (.prune, Self.toTheEnd)],
                    isOtherNewer: isOtherNewer, reading: true, remembering: remembering)
            }
        }
    }

    /// All actors, in turns that a seed determines; in every third race one dies.
    @Test(arguments: 0..<8) func `any order at all`(seed: UInt64) async throws {
        var random = SplitMix(seed: seed &+ 1)
        for _ in 0..<12 {
            let actors: [Actor] = [
                .slow, .slow, .slow, .other, .prune, .prune, .prune, .secondPrune, .secondPrune, .time, .reader,
            ]
            let turns = (0..<60).map { _ in (actors[random.next(below: actors.count)], 1 + random.next(below: 7)) }
            let dying = [Actor.slow, .prune, .secondPrune][random.next(below: 3)]
            try await race(
                turns, leaps: random.next(below: 3), isOtherNewer: random.next(below: 2) == 0,
                dying: random.next(below: 3) == 0 ? (dying, random.next(below: 40)) : nil, secondPrune: true,
                reading: true, remembering: random.next(below: 2) == 0)
        }
    }
}

/// SplitMix64: reproducible numbers from a seed.
struct SplitMix {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next(below limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(limit))
    }
}
