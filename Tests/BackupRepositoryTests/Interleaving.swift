import Foundation
import ObjectStorage
import Synchronization

@testable import BackupRepository

/// Runs actors against one store, one store operation at a time, in an order that the test chooses: like a model
/// checker, with the real code.
final class Interleaving: Sendable {
    /// An actor's turn: a number of operations, or fewer if it finishes before.
    struct Turn: Sendable, CustomStringConvertible {
        var actor: Int
        var operations: Int
        var description: String { "\(actor)x\(operations)" }
    }

    private struct State {
        var turns: ArraySlice<Turn>
        var left = 0
        var isOver: [Bool]
        /// The number of operations of each actor.
        var operations: [Int]
        /// The number of the operation at which an actor dies.
        var deaths: [Int: Int] = [:]
    }

    private let state: Mutex<State>
    private let changed = NSCondition()

    /// - Parameter turns: after the last one, each actor runs to its end, in order.
    init(actors: Int, _ turns: [Turn], deaths: [Int: Int] = [:]) {
        state = Mutex(
            State(
                turns: turns[...], left: turns.first?.operations ?? 0,
                isOver: Array(repeating: false, count: actors), operations: Array(repeating: 0, count: actors),
                deaths: deaths))
    }

    var operations: [Int] { state.withLock { $0.operations } }

    /// Blocks until it is the actor's turn.
    func step(_ actor: Int) throws {
        changed.lock()
        defer { changed.unlock() }
        while !(state.withLock { Self.current(&$0) == actor }) { changed.wait() }
        let isDead = state.withLock { state in
            state.operations[actor] += 1
            state.left -= 1
            return state.deaths[actor].map { state.operations[actor] > $0 } ?? false
        }
        changed.broadcast()
        if isDead { throw FaultyStore.Killed() }
    }

    func end(_ actor: Int) {
        state.withLock { $0.isOver[actor] = true }
        changed.lock()
        changed.broadcast()
        changed.unlock()
    }

    private static func current(_ state: inout State) -> Int? {
        while let turn = state.turns.first, state.left <= 0 || state.isOver[turn.actor] {
            state.turns.removeFirst()
            state.left = state.turns.first?.operations ?? 0
        }
        return state.turns.first?.actor ?? state.isOver.firstIndex(of: false)
    }

    /// Runs every actor to its end.
    func run(_ actors: [@Sendable (any ObjectStore) async throws -> Void], on store: MemoryStore) async -> [(
        any Error
    )?] {
        await withTaskGroup(of: (Int, (any Error)?).self) { group in
            for (number, body) in actors.enumerated() {
                group.addTask {
                    defer { self.end(number) }
                    do {
                        try await body(Scheduled(base: store, actor: number, interleaving: self))
                        return (number, nil)
                    } catch { return (number, error) }
                }
            }
            var outcomes = [(any Error)?](repeating: nil, count: actors.count)
            for await (number, error) in group { outcomes[number] = error }
            return outcomes
        }
    }

    /// One actor's view of the store. An upload becomes visible atomically, so only its end is a step.
    private struct Scheduled: ObjectStore {
        let base: MemoryStore
        let actor: Int
        let interleaving: Interleaving
        var location: String { base.location }

        func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
            try interleaving.step(actor)
            return try base.put(key, content, options: options)
        }

        func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
            Upload(base: try base.upload(key, options), store: self)
        }

        func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
            try interleaving.step(actor)
            try base.get(key, range: range, sink)
        }

        func head(_ key: ObjectKey) throws -> ObjectInfo? {
            try interleaving.step(actor)
            return try base.head(key)
        }

        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
            try interleaving.step(actor)
            try base.list(prefix: prefix, after: after, body)
        }

        func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] {
            // A deletion of many keys need not be atomic: one step for each.
            try keys.flatMap { key in
                try interleaving.step(actor)
                return try base.delete([key])
            }
        }

        private final class Upload: ObjectUpload {
            let base: any ObjectUpload
            let store: Scheduled
            init(base: any ObjectUpload, store: Scheduled) {
                self.base = base
                self.store = store
            }
            func write(_ bytes: RawSpan) throws { try base.write(bytes) }
            func finish() throws -> ObjectInfo {
                try store.interleaving.step(store.actor)
                return try base.finish()
            }
            func cancel() { base.cancel() }
        }
    }
}
