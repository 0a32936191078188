internal import ObjectStorage
internal import Retention

/// The other clean-up of a prune: obsolete marks, packs that are hardly needed, the local cache.
struct PruneHousekeeping {
    private let permit: PrunePermit

    init(_ permit: PrunePermit) { self.permit = permit }

    struct Outcome: Sendable {
        var unwantedPacks = 0
        var uploads = PruneReport.Uploads()
        var warnings: [String] = []
    }

    private var prune: Prune { permit.prune }
    private var store: any ObjectStore { prune.repository.store }
    private var marks: Marks { Marks(prune.repository) }
    private var reserve: SpaceReserve { SpaceReserve(store: store) }

    func tidy() throws -> Outcome {
        let unwanted = try permit.judgement.sparse.unwanted(in: prune.repository, known: known())
            .filter { permit.doomed.sealed[$0.key] == nil }
        var outcome = try abortUploads()
        outcome.unwantedPacks = unwanted.values.reduce(0) { $0 + $1.count }
        guard !prune.isDryRun else { return outcome }
        var superfluous = permit.listing.leases.outlived
        superfluous += try noteUnwanted(unwanted)
        superfluous +=
            try staleVerifications() + stalePins() + staleRecordings() + staleWitnesses() + oldProbes() + oldParts()
            + oldStates()
        superfluous += try marks.list(SampledMark.kind).dropLast(SampledMark.most).map(\.key)
        let reserves = try marks.list(SpaceReserve.kind)
        superfluous += reserves.dropLast().map(\.key)
        // A mark that stays is harmless: the next prune tries again to delete it.
        _ = try store.delete(superfluous)
        if reserves.isEmpty {
            // If there is no room for it, the next prune tries again.
            do { try reserve.fill() } catch let error as ObjectStoreError where error.reason == .noSpace {}
        }
        prune.state?.dropCatalogs { component, digest in
            try permit.doomed.isInUse(component, manifest: digest)
        }
        return outcome
    }

    /// Aborts uploads of killed runs, which are hidden but paid for. Those of a run in progress are younger than its
    /// mark.
    private func abortUploads() throws -> Outcome {
        var outcome = Outcome()
        guard let store = store.with((any PartedStore).self) else { return outcome }
        var abandoned: [UnfinishedUpload] = []
        do {
            try store.unfinishedUploads { upload in
                if permit.listing.seemsAbandoned(upload.begun) { abandoned.append(upload) }
            }
            for upload in abandoned {
                if !prune.isDryRun { try store.abort(upload) }
                outcome.uploads.aborted += 1
                if outcome.uploads.keys.count < Self.mostNamed { outcome.uploads.keys.append(upload.key.text) }
            }
        } catch let error as ObjectStoreError {
            // The repository is consistent with or without these uploads.
            outcome.warnings.append("could not abort unfinished uploads: \(error)")
        }
        return outcome
    }

    private static let mostNamed = 100

    /// Returns the probe objects of a killed `dr doctor` or prune.
    private func oldProbes() throws -> [ObjectKey] {
        try marks.list("probe").filter { permit.clock.age(of: $0.modified ?? .max) > 86_400 }.map(\.key)
    }

    /// Returns the results of movers that their run did not take.
    private func oldParts() throws -> [ObjectKey] {
        try marks.list("part").filter { permit.clock.age(of: $0.modified ?? .max) > RunMark.life }.map(\.key)
    }

    /// Returns the states of runs that ended or were killed some time ago.
    private func oldStates() throws -> [ObjectKey] {
        try marks.list(LiveMark.kind).filter { permit.clock.age(of: $0.modified ?? .max) > LiveMark.life }.map(\.key)
    }

    /// The packs that earlier prunes and verifications do not want.
    private func known() throws -> [String: Set<String>] {
        var known: [String: Set<String>] = [:]
        try marks.forEach(UnwantedMark.self, unreadable: { _ in }) { _, mark in
            for (component, packs) in mark.packs { known[component, default: []].formUnion(packs) }
        }
        return known
    }

    /// - Returns: the marks that the new one replaces.
    private func noteUnwanted(_ unwanted: [String: [String]]) throws -> [ObjectKey] {
        var old: [ObjectKey] = []
        var isNoted = unwanted.isEmpty
        try marks.forEach(UnwantedMark.self, unreadable: { _ in }) { info, mark in
            if !isNoted, mark.packs == unwanted {
                isNoted = true
            } else {
                old.append(info.key)
            }
        }
        if !isNoted {
            try reserve.spending {
                try marks.put(UnwantedMark(at: permit.clock.now, tool: prune.tool, packs: unwanted))
            }
        }
        return old
    }

    /// Returns true if a set is known to be gone, and not only younger than the listing.
    private func isGone(_ set: Timestamp) throws -> Bool {
        guard let newest = permit.judgement.plan.decisions.last?.set.time, set.seconds <= newest else { return false }
        return try !permit.ledger.hasSet(set.seconds)
    }

    /// Returns verifications whose every result concerns a removed set, or is repeated or extended by a later one.
    private func staleVerifications() throws -> [ObjectKey] {
        var said: [Timestamp: VerifiedDepth] = [:]
        var stale: [ObjectKey] = []
        for object in try marks.list(VerifiedMark.kind).reversed() {
            guard let mark = try? marks.read(object.key, as: VerifiedMark.self) else { continue }
            let isNeeded = try (mark.good + mark.damaged).contains { set in
                try !isGone(set) && (said[set].map { $0 < mark.read } ?? true)
            }
            if !isNeeded { stale.append(object.key) }
            for set in mark.good { said[set] = max(said[set] ?? mark.read, mark.read) }
            for set in mark.damaged { said[set] = max(said[set] ?? mark.read, mark.read) }
        }
        return stale
    }

    private func stalePins() throws -> [ObjectKey] {
        var stale: [ObjectKey] = []
        try marks.forEach(PinnedMark.self, unreadable: { _ in }) { info, mark in
            if try isGone(mark.set) { stale.append(info.key) }
        }
        try marks.forEach(UnpinnedMark.self, unreadable: { _ in }) { info, mark in
            if try isGone(mark.set) { stale.append(info.key) }
        }
        try marks.forEach(DrilledMark.self, unreadable: { _ in }) { info, mark in
            if try isGone(mark.set) { stale.append(info.key) }
        }
        return stale
    }

    private func staleWitnesses() throws -> [ObjectKey] {
        var stale: [ObjectKey] = []
        try marks.forEach(WitnessedMark.self, unreadable: { _ in }) { info, mark in
            if try mark.sets.allSatisfy({ try isGone($0.name) }) { stale.append(info.key) }
        }
        return stale
    }

    /// The key of recorded queries contains the name of their set.
    private func staleRecordings() throws -> [ObjectKey] {
        try marks.list(RecordedMark.kind).map(\.key).filter { key in
            let name = key.text.dropFirst(Marks.prefix(RecordedMark.kind).count).prefix { $0 != "-" }
            return try Timestamp(String(name)).map { try isGone($0) } ?? false
        }
    }
}
