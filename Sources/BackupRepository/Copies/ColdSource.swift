internal import ObjectStorage
internal import Platform
internal import Synchronization

/// The packs that the source of a copy has in an archive class. It lists the packs of a component once, and asks the store
/// once about each archived pack that is needed. Safe to use from many threads.
///
/// Memory: the archived packs of the copied components.
final class ColdSource: Sendable {
    private struct State {
        /// By component, and by the ids of the packs.
        var archived: [String: [String: ObjectInfo]] = [:]
        var placements: [ObjectKey: ObjectPlacement] = [:]
    }

    private let store: any ObjectStore
    private let state = Mutex(State())

    init(_ store: any ObjectStore) { self.store = store }

    /// The packs that cannot be read before a thaw, and that the copy lacks.
    /// - Parameters:
    ///   - packs: the ids, by component.
    ///   - isThere: returns true for an object that the copy has.
    func unreadable(
        _ packs: [String: [String]], pool: BlockingPool, unless isThere: (ObjectInfo) -> Bool
    ) async throws -> [ObjectPlacement] {
        guard let tiering = store.tiering else { return [] }
        var needed: [ObjectKey] = []
        for (component, ids) in packs {
            let archived = try await pool.run { try self.archived(of: component) }
            needed += ids.compactMap { archived[$0] }.filter { !isThere($0) }.map(\.key)
        }
        let unknown = state.withLock { state in needed.filter { state.placements[$0] == nil } }
        let found = try await ArchivedPacks.placements(of: unknown, in: tiering, pool: pool)
        return state.withLock { state in
            for placement in found { state.placements[placement.object.key] = placement }
            return needed.compactMap { state.placements[$0] }.filter { !$0.isReadable }
        }
    }

    private func archived(of component: String) throws -> [String: ObjectInfo] {
        if let known = state.withLock({ $0.archived[component] }) { return known }
        let found = try ArchivedPacks.listed(of: component, in: store)
        state.withLock { $0.archived[component] = found }
        return found
    }
}
