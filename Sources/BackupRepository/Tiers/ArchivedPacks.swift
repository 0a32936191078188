package import ObjectStorage
package import Platform
internal import Synchronization

/// The packs of some backups that are in an archive class of the store, and whether they can be read now.
package struct ArchivedPacks: Sendable {
    /// Sorted by key.
    package let packs: [ObjectPlacement]

    /// For tests and for a repository without classes.
    package init(_ packs: [ObjectPlacement] = []) { self.packs = packs.sorted { $0.object.key < $1.object.key } }

    /// Lists the packs of the components, and asks the store about each archived one.
    ///
    /// With several stores, a pack that one of them can deliver is not archived. Memory: the ids of the packs of the
    /// manifests.
    /// - Parameter lanes: the number of questions at the same time.
    package init(
        of manifests: [Manifest], in repository: Repository, pool: BlockingPool, lanes: Int = 8
    ) async throws {
        guard let tiering = repository.store.with((any TieringStore).self) else {
            packs = []
            return
        }
        let archived = try await pool.run { try Self.listed(manifests, in: repository.store) }
        let found = Mutex([ObjectPlacement]())
        try await archived.concurrentForEach(limit: lanes) { key in
            try await pool.run {
                try Task.checkCancellation()
                // An object that is gone is damage, which the restore reports.
                guard let placement = try tiering.placement(of: key), placement.reading != .ready else { return }
                found.withLock { $0.append(placement) }
            }
        }
        packs = found.withLock { $0 }.sorted { $0.object.key < $1.object.key }
    }

    private static func listed(_ manifests: [Manifest], in store: any ObjectStore) throws -> [ObjectKey] {
        var needed: [String: Set<String>] = [:]
        let isLayered = store.with(FallbackStore.self) != nil
        for manifest in manifests { needed[manifest.component, default: []].formUnion(manifest.packs.map(\.pack)) }
        let found = try SideBySide.map(needed.sorted { $0.key < $1.key }) { component, packs in
            var archived: Set<ObjectKey> = []
            // A listing of several stores names a pack once for each of them.
            var readable: Set<ObjectKey> = []
            try store.enumerate(prefix: Layout.packPrefix(component), skipping: nil) { object in
                try Task.checkCancellation()
                guard let pack = Layout.packID(of: object.key), packs.contains(pack) else { return }
                if object.storageClass?.isArchive == true {
                    archived.insert(object.key)
                } else if isLayered {
                    readable.insert(object.key)
                }
            }
            return archived.subtracting(readable)
        }
        return found.joined().sorted()
    }

    /// Those that cannot be read now.
    package var unreadable: [ObjectPlacement] { packs.filter { !$0.isReadable } }

    package var bytes: Int { packs.map(\.object.size).clampedSum() }

    /// Seconds since 1970 at which the first of the thawed packs becomes unreadable again; nil if none is thawed.
    package var thawedUntil: Int? {
        packs.compactMap { pack -> Int? in
            guard case .thawed(let until) = pack.reading else { return nil }
            return until
        }.min()
    }

    /// The classes of the packs that cannot be read, the coldest last.
    package var classes: [StorageClass] { Set(unreadable.compactMap(\.object.storageClass)).sorted() }

    /// The seconds that a thaw of the unreadable packs takes at most; nil if a class does not offer this speed.
    package func thawTime(_ speed: ThawSpeed) -> Int? {
        let times = classes.map { $0.thawTime(speed) }
        return times.contains { $0 == nil } ? nil : times.compactMap { $0 }.max() ?? 0
    }

    /// `Expedited up to 5m 0s, Standard up to 5h 0m, Bulk up to 12h 0m`.
    package var thawTimes: String {
        ThawSpeed.allCases.compactMap { speed in
            thawTime(speed).map { "\(speed.rawValue) up to \(Units.duration(seconds: $0))" }
        }.joined(separator: ", ")
    }

    /// The number and size of the packs to thaw, and the hours that a thaw takes; nil if all packs can be read now.
    package var complaint: String? {
        let cold = unreadable
        guard !cold.isEmpty else { return nil }
        let thawing = cold.count { $0.reading == .thawing }
        let size = Units.bytes(cold.map(\.object.size).clampedSum())
        let words = classes.map(\.name).joined(separator: " and ")
        let state =
            thawing == cold.count
            ? "a thaw of all of them is in progress" : "a thaw takes: \(thawTimes)"
        let packs = "\(Units.count(cold.count, "pack")) (\(size))"
        return "\(packs) that it needs cannot be read from class \(words): \(state)"
    }

    /// - Parameter copy: the name of the copy of the store to thaw the packs in; nil for the first store.
    /// - Throws: `RepositoryError` `.archived` if a pack cannot be read now.
    package func requireReadable(for set: Timestamp, inCopy copy: String? = nil) throws {
        guard let complaint else { return }
        throw RepositoryError(
            .archived, object: Layout.set(set).text, complaint,
            hint: "run `\(Self.command(for: set, inCopy: copy)) --wait`, then restore; nothing was restored or changed")
    }

    /// The command that thaws the packs of a set.
    package static func command(for set: Timestamp, inCopy copy: String? = nil) -> String {
        "dr thaw --set \(set)" + (copy.map { " --copy \($0)" } ?? "")
    }
}
