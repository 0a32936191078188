package import ObjectStorage
package import Platform
internal import Synchronization

/// The packs of some backups that are in an archive class of the store, and whether they can be read now.
package struct ArchivedPacks: Sendable {
    /// The command that is refused while packs cannot be read.
    package enum Purpose: String, Sendable {
        case restore, rehearse, verify, copy, repair, rekey

        /// The end of the advice, after the command that thaws the packs.
        var advice: String {
            switch self {
            case .restore: "then restore; nothing was restored or changed"
            case .rehearse, .verify, .rekey: "then \(rawValue); no pack was read"
            case .copy, .repair: "then \(rawValue) again"
            }
        }
    }

    /// Sorted by key.
    package private(set) var packs: [ObjectPlacement]
    /// The newest set that needs each pack.
    private let sets: [ObjectKey: Timestamp]

    private init(_ packs: [ObjectPlacement], _ sets: [ObjectKey: Timestamp]) {
        self.packs = packs.sorted { $0.object.key < $1.object.key }
        self.sets = sets
    }

    /// - Parameter set: the set that needs all of the packs.
    init(_ packs: [ObjectPlacement], of set: Timestamp) {
        self.init(packs, Dictionary(packs.map { ($0.object.key, set) }) { first, _ in first })
    }

    /// Lists the packs of the components, and asks the store about each archived one.
    ///
    /// With several stores, a pack that one of them can deliver is not archived. Memory: the ids of the packs.
    /// A store without classes is not asked.
    /// - Parameter lanes: the number of questions at the same time.
    package init(
        of needs: PackNeeds, in repository: Repository, pool: BlockingPool, lanes: Int = 8
    ) async throws {
        guard let tiering = repository.store.tiering else {
            self.init([], [:])
            return
        }
        let archived = try await pool.run { try Self.listed(needs, in: repository.store) }
        let found = try await Self.placements(of: archived.keys.sorted(), in: tiering, pool: pool, lanes: lanes)
        self.init(found.filter { $0.reading != .ready }, archived)
    }

    /// Asks the store for the class and the thaw of each object. The result lacks an object that the store no longer has: the
    /// command that reads it reports the damage.
    static func placements(
        of keys: [ObjectKey], in tiering: any TieringStore, pool: BlockingPool, lanes: Int = 8
    ) async throws -> [ObjectPlacement] {
        let found = Mutex([ObjectPlacement]())
        try await keys.concurrentForEach(limit: lanes) { key in
            try await pool.run {
                try Task.checkCancellation()
                guard let placement = try tiering.placement(of: key) else { return }
                found.withLock { $0.append(placement) }
            }
        }
        return found.withLock { $0 }
    }

    /// Returns true if the store lists a pack in an archive class. It reads no document.
    package static func areListed(in store: any ObjectStore) throws -> Bool {
        var found = false
        try store.enumerate(prefix: "", skipping: nil) { object in
            try Task.checkCancellation()
            if object.storageClass?.isArchive == true, Layout.packID(of: object.key) != nil { found = true }
        }
        return found
    }

    /// The archived packs, with the newest set that needs each.
    private static func listed(_ needs: PackNeeds, in store: any ObjectStore) throws -> [ObjectKey: Timestamp] {
        let found = try SideBySide.map(needs.sets.sorted { $0.key < $1.key }) { component, sets in
            var archived: [ObjectKey: Timestamp] = [:]
            for (pack, object) in try Self.listed(of: component, in: store, where: { sets[$0] != nil }) {
                archived[object.key] = sets[pack]
            }
            return archived
        }
        return found.reduce(into: [:]) { all, part in all.merge(part) { max($0, $1) } }
    }

    /// The archived packs of a component by their ids, of those for which `isNeeded` returns true. Blocks.
    ///
    /// With several stores, a pack that one of them lists in another class is not archived.
    static func listed(
        of component: String, in store: any ObjectStore, where isNeeded: (String) -> Bool = { _ in true }
    ) throws -> [String: ObjectInfo] {
        let isLayered = store.with(FallbackStore.self) != nil
        var archived: [String: ObjectInfo] = [:]
        // A listing of several stores names a pack once for each of them.
        var readable: Set<ObjectKey> = []
        try store.enumerate(prefix: Layout.packPrefix(component), skipping: nil) { object in
            try Task.checkCancellation()
            guard let pack = Layout.packID(of: object.key), isNeeded(pack) else { return }
            if object.storageClass?.isArchive == true {
                archived[pack] = object
            } else if isLayered {
                readable.insert(object.key)
            }
        }
        return archived.filter { !readable.contains($0.value.key) }
    }

    /// Forgets the other packs of the component.
    /// - Parameter ids: of packs.
    package mutating func keep(_ ids: Set<String>, of component: String) {
        packs.removeAll { pack in
            pack.component == component && Layout.packID(of: pack.object.key).map(ids.contains) != true
        }
    }

    /// Returns those of one component.
    package func only(_ component: String) -> ArchivedPacks {
        ArchivedPacks(packs.filter { $0.component == component }, sets)
    }

    /// Those that cannot be read now.
    package var unreadable: [ObjectPlacement] { packs.filter { !$0.isReadable } }

    package var bytes: Int { packs.map(\.object.size).clampedSum() }

    /// The first of the thawed packs to become unreadable again: seconds since 1970, and the newest set that needs it; nil
    /// if none is thawed.
    package var thawedUntil: (time: Int, set: Timestamp)? {
        packs.compactMap { pack -> (time: Int, set: Timestamp)? in
            guard case .thawed(let until?) = pack.reading, let set = sets[pack.object.key] else { return nil }
            return (until, set)
        }.min { $0.time < $1.time }
    }

    /// The components of the packs that cannot be read.
    package var components: Set<String> { Set(unreadable.map(\.component)) }

    /// The sets whose thaws make all packs readable, the newest first.
    private var setsToThaw: [Timestamp] { Set(unreadable.compactMap { sets[$0.object.key] }).sorted(by: >) }

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

    /// The most commands in one hint.
    private static let mostCommands = 3

    /// - Parameter copy: the name of the copy of the store to thaw the packs in; nil for the first store.
    /// - Throws: `RepositoryError` `.archived` if a pack cannot be read now.
    package func requireReadable(to purpose: Purpose, inCopy copy: String? = nil) throws {
        let sets = setsToThaw
        guard let complaint, let newest = sets.first else { return }
        let commands = sets.prefix(Self.mostCommands).map { "`\(Self.command(for: $0, inCopy: copy)) --wait`" }
        let others = sets.dropFirst(Self.mostCommands)
        let more =
            others.isEmpty ? "" : ", and the same for \(others.map(\.description).joined(separator: ", "))"
        throw RepositoryError(
            .archived, object: Layout.set(newest).text, complaint,
            hint: "run \(commands.joined(separator: ", "))\(more), \(purpose.advice)")
    }

    /// The command that thaws the packs of a set.
    package static func command(for set: Timestamp, inCopy copy: String? = nil) -> String {
        "dr thaw --set \(set)" + (copy.map { " --copy \($0)" } ?? "")
    }
}

extension ObjectPlacement {
    /// The component of a pack.
    fileprivate var component: String { String(object.key.text.prefix { $0 != "/" }) }
}
