import BackupRepository
import Components
import ObjectStorage
import Operations
import Platform
import StackConfiguration

/// Chooses a fault at random from the faults that are possible for a restore.
struct SabotageChoice {
    let session: Session
    let repository: Repository
    let selection: RestoreSelection
    /// The components that the drill restores, with their kinds.
    let components: [(name: String, kind: String)]
    /// The components with a server in the drill.
    let served: Set<String>

    /// - Parameter wanted: the kind of fault; nil for any.
    /// - Returns: nil if no fault is possible, for example with an empty set.
    func pick(_ wanted: Sabotage.Kind?) async throws -> Sabotage? {
        try await session.pool.run {
            for kind in (wanted.map { [$0] } ?? Sabotage.Kind.allCases).shuffled() {
                if let sabotage = try make(kind) { return sabotage }
            }
            return nil
        }
    }

    private func make(_ kind: Sabotage.Kind) throws -> Sabotage? {
        switch kind {
        case .flippedByte:
            return try anyPack().map { component, key, index, read in
                .flippedByte(component: component, pack: key, at: byte(in: index, read))
            }
        case .missingPack:
            return try anyPack().map { component, key, _, _ in .missingPack(component: component, pack: key) }
        case .oldSet: return try olderSet().map { .oldSet($0, as: selection) }
        case .droppedDashboard:
            return try components.first { component in
                guard served.contains(component.name), let kind = session.kind(named: component.kind) else {
                    return false
                }
                return try facts(of: component.name).map { kind.holdsDroppable($0, at: now) } ?? false
            }
            .map { .droppedDashboard(component: $0.name) }
        case .emptyService:
            return try components.filter { try served.contains($0.name) && holdsAnything($0.name, $0.kind) }
                .randomElement().map { .emptyService(component: $0.name) }
        }
    }

    /// True if an empty server would differ from the restored one: a control run needs a difference to find.
    private func holdsAnything(_ component: String, _ kind: String) throws -> Bool {
        guard let kind = session.kind(named: kind) else { return false }
        return try facts(of: component).map { kind.holdsAnything($0, at: now) } ?? false
    }

    /// Milliseconds since 1970.
    private var now: Int { session.now().seconds * 1000 }

    /// The facts of the component's manifest; nil if the set does not hold it.
    private func facts(of component: String) throws -> [String: String]? {
        try selection.parts[component].map { try repository.manifest(component, of: $0.set).facts }
    }

    /// A pack that a restore of the set reads, and the offsets of the gzip members that are certainly read.
    private func anyPack() throws -> (String, ObjectKey, PackIndex, [Int])? {
        for component in components.shuffled() {
            guard let set = selection.parts[component.name]?.set else { continue }
            let manifest = try repository.manifest(component.name, of: set)
            for use in manifest.packs.shuffled() {
                let index = try repository.index(component.name, use)
                let live = use.liveMembers
                // Of the live members, only file contents are certainly read.
                let read = index.members.enumerated().compactMap { number, member in
                    live.contains(number) && (member.size ?? 0) > 0 ? member.at : nil
                }
                guard !read.isEmpty else { continue }
                return (
                    component.name,
                    Layout.pack(component.name, use.pack, isEncrypted: index.object.envelope != nil), index, read
                )
            }
        }
        return nil
    }

    /// An offset in the object that a restore certainly reads.
    /// - Parameter read: offsets of gzip members.
    private func byte(in index: PackIndex, _ read: [Int]) -> Int {
        // The content of an envelope is authenticated. The names of its recipients before it are not: damage there can
        // look like another recipient. They are in the first half, except in a tiny pack.
        guard index.object.envelope == nil else {
            let size = index.object.size
            return Int.random(in: max(0, size > 64 << 10 ? size / 2 : size - 100)..<max(1, size - 40))
        }
        let start = read.randomElement() ?? 0
        var end = 0
        for length in index.gzip.map({ $0[0] }) {
            end += length
            if end > start { break }
        }
        // A byte of the member's CRC-32. Changed bytes of its data may decompress to the same content, for example the
        // distance of a copy within a run of zeros.
        return end - 8
    }

    /// The newest older set with the same components whose recorded queries differ.
    private func olderSet() throws -> Timestamp? {
        let marks = Marks(repository)
        // There is no comparable older set for components of several sets.
        guard selection.sets.count == 1, let set = selection.newest else { return nil }
        guard let new = try marks.recorded(with: set.name), !new.results.isEmpty || !new.canaries.isEmpty else {
            return nil
        }
        for name in try repository.setNames().reversed() where name < set.name {
            guard let old = try? repository.set(name), old.components.keys == set.components.keys,
                repository.scope.owns(old)
            else { continue }
            let mark = try marks.recorded(with: name)
            guard mark?.canaries != new.canaries || mark?.results != new.results else { continue }
            return name
        }
        return nil
    }
}

extension ComponentKind {
    fileprivate static func holdsDroppable(_ facts: [String: String], at now: Int) -> Bool {
        droppable?.isHeld(facts, now) ?? false
    }
}
