import BackupRepository
import Components
import ObjectStorage
import Operations
import Platform
import RecoveryPlan
import StackConfiguration

/// Draws a fault from the faults that are possible for a restore.
struct SabotageChoice {
    let session: Session
    let repository: Repository
    let selection: RestoreSelection
    /// The components that the drill restores, with their kinds.
    let components: [(name: String, kind: String)]
    /// The components with a server in the drill.
    let served: Set<String>

    /// - Parameters:
    ///   - wanted: the kind of fault; nil for any.
    ///   - lottery: records the draws.
    /// - Returns: nil if no fault is possible, for example with an empty set.
    func pick(_ wanted: Sabotage.Kind?, by lottery: inout Lottery) async throws -> Sabotage? {
        let seeded = lottery
        let (sabotage, drawn) = try await session.pool.run {
            var lottery = seeded
            if let wanted {
                lottery.chosen = (lottery.chosen ?? [:]).merging(["fault": wanted.rawValue]) { $1 }
                return (try make(wanted, by: &lottery), lottery)
            }
            var kinds = Sabotage.Kind.allCases
            var attempt = 1
            while let name = lottery.draw(
                attempt == 1 ? "fault" : "fault \(attempt)", from: kinds.map(\.rawValue)),
                let kind = Sabotage.Kind(rawValue: name)
            {
                if let sabotage = try make(kind, by: &lottery) { return (sabotage, lottery) }
                kinds.removeAll { $0 == kind }
                attempt += 1
            }
            return (nil, lottery)
        }
        lottery = drawn
        return sabotage
    }

    private func make(_ kind: Sabotage.Kind, by lottery: inout Lottery) throws -> Sabotage? {
        switch kind {
        case .flippedByte:
            return try anyPack(for: kind, by: &lottery).map { component, key, index, read in
                .flippedByte(component: component, pack: key, at: byte(in: index, read, by: &lottery))
            }
        case .missingPack:
            return try anyPack(for: kind, by: &lottery).map { component, key, _, _ in
                .missingPack(component: component, pack: key)
            }
        case .oldSet: return try olderSet().map { .oldSet($0, as: selection) }
        case .droppedDashboard:
            for component in components where served.contains(component.name) {
                guard let kind = session.kind(named: component.kind), let noun = kind.droppableNoun,
                    let facts = try facts(of: component.name), kind.holdsDroppable(facts, at: now)
                else { continue }
                return .droppedObject(component: component.name, noun: noun)
            }
            return nil
        case .emptyService:
            let possible = try components.filter { try served.contains($0.name) && holdsAnything($0.name, $0.kind) }
            return lottery.draw("\(kind.rawValue) component", from: possible.map(\.name)).map {
                .emptyService(component: $0)
            }
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
    private func anyPack(
        for fault: Sabotage.Kind, by lottery: inout Lottery
    ) throws -> (String, ObjectKey, PackIndex, [Int])? {
        var names = components.map(\.name)
        var attempt = 1
        func purpose(_ what: String) -> String { "\(fault.rawValue) \(what)\(attempt == 1 ? "" : " \(attempt)")" }
        while let component = lottery.draw(purpose("component"), from: names) {
            names.removeAll { $0 == component }
            if let set = selection.parts[component]?.set {
                let manifest = try repository.manifest(component, of: set)
                var packs = Dictionary(manifest.packs.map { ($0.pack, $0) }) { first, _ in first }
                while let name = lottery.draw(purpose("pack"), from: Array(packs.keys)), let use = packs[name] {
                    packs[name] = nil
                    attempt += 1
                    let index = try repository.index(component, use)
                    let live = use.liveMembers
                    // Of the live members, only file contents are certainly read.
                    let read = index.members.enumerated().compactMap { number, member in
                        live.contains(number) && (member.size ?? 0) > 0 ? member.at : nil
                    }
                    guard !read.isEmpty else { continue }
                    return (
                        component,
                        Layout.pack(component, use.pack, isEncrypted: index.object.envelope != nil), index, read
                    )
                }
            }
            attempt += 1
        }
        return nil
    }

    /// An offset in the object that a restore certainly reads.
    /// - Parameter read: offsets of gzip members; at least one.
    private func byte(in index: PackIndex, _ read: [Int], by lottery: inout Lottery) -> Int {
        // The content of an envelope is authenticated. The names of its recipients before it are not: damage there can
        // look like another recipient. They are in the first half, except in a tiny pack.
        guard index.object.envelope == nil else {
            let size = index.object.size
            let start = max(0, size > 64 << 10 ? size / 2 : size - 100)
            return start + lottery.draw("flipped_byte byte", below: max(1, size - 40) - start)
        }
        let starts = Set(read).sorted()
        let start = starts[lottery.draw("flipped_byte member", below: starts.count)]
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
    fileprivate static var droppableNoun: String? { droppable?.noun }

    fileprivate static func holdsDroppable(_ facts: [String: String], at now: Int) -> Bool {
        droppable?.isHeld(facts, now) ?? false
    }
}
