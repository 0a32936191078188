internal import ObjectStorage
internal import Retention

/// What else a prune puts in order: marks that say nothing any more, packs that are hardly needed, the local cache.
struct PruneHousekeeping {
    let prune: Prune
    let survey: PruneSurvey

    private var store: any ObjectStore { prune.repository.store }
    private var marks: Marks { Marks(prune.repository) }
    private var reserve: SpaceReserve { SpaceReserve(store: store) }

    func tidy(_ report: inout PruneReport) throws {
        let unwanted = try survey.sparse.unwanted(in: prune.repository).filter { survey.sealed[$0.key] == nil }
        report.unwantedPacks = unwanted.values.reduce(0) { $0 + $1.count }
        try abortUploads(&report)
        guard !prune.isDryRun else { return }
        var superfluous = survey.oldLeases
        superfluous += try noteUnwanted(unwanted)
        superfluous += try staleVerifications() + stalePins() + staleRecordings() + oldProbes()
        superfluous += try marks.list(SampledMark.kind).dropLast(SampledMark.most).map(\.key)
        let reserves = try marks.list(SpaceReserve.kind)
        superfluous += reserves.dropLast().map(\.key)
        // A mark that stays does no harm: what is refused now is tried again by the next prune.
        _ = try store.delete(superfluous)
        if reserves.isEmpty {
            // Where there is no room for it, the next prune tries again.
            do { try reserve.fill() } catch let error as ObjectStoreError where error.reason == .noSpace {}
        }
        prune.state?.dropCatalogs { component, digest in
            try survey.isInUse(component, manifest: digest)
        }
    }

    /// Parts that killed runs left, unseen and paid for. Those of a run on its way are younger than its mark.
    private func abortUploads(_ report: inout PruneReport) throws {
        guard let store = store as? any PartedStore else { return }
        var abandoned: [UnfinishedUpload] = []
        do {
            try store.unfinishedUploads { upload in
                guard upload.begun < survey.protectedSince, survey.storeNow - upload.begun >= prune.grace else {
                    return
                }
                abandoned.append(upload)
            }
            for upload in abandoned {
                if !prune.isDryRun { try store.abort(upload) }
                report.uploads.aborted += 1
                if report.uploads.keys.count < Self.mostNamed { report.uploads.keys.append(upload.key.text) }
            }
        } catch let error as ObjectStoreError {
            // The objects are in order whatever becomes of these.
            report.warnings.append("unfinished uploads were left: \(error)")
        }
    }

    private static let mostNamed = 100

    /// What a killed `dr doctor` or prune left of its trials.
    private func oldProbes() throws -> [ObjectKey] {
        try marks.list("probe").filter { survey.storeNow - ($0.modified ?? survey.storeNow) > 86_400 }.map(\.key)
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
            try reserve.spending { try marks.put(UnwantedMark(at: survey.now, tool: prune.tool, packs: unwanted)) }
        }
        return old
    }

    /// Whether a set is known to be gone, and not only younger than the listing.
    private func isGone(_ set: Timestamp) throws -> Bool {
        guard let newest = survey.plan.decisions.last?.set.time, set.seconds <= newest else { return false }
        return try !survey.ledger.hasSet(set.seconds)
    }

    /// Verifications of which each word is about a set that is gone, or was said again later, and more.
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

    /// A recording's key has its set's name.
    private func staleRecordings() throws -> [ObjectKey] {
        try marks.list(RecordedMark.kind).map(\.key).filter { key in
            let name = key.text.dropFirst(Marks.prefix(RecordedMark.kind).count).prefix { $0 != "-" }
            return try Timestamp(String(name)).map { try isGone($0) } ?? false
        }
    }
}
