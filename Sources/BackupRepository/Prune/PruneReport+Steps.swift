internal import Platform
internal import Retention

/// The report of a prune, assembled from its steps.
extension PruneReport {
    init(_ doomed: PruneDoomed) {
        let (judgement, listing) = (doomed.judgement, doomed.listing)
        let prune = listing.prune
        self.init(isDryRun: prune.isDryRun, grace: prune.grace)
        frozen = judgement.frozen
        incomplete = judgement.incomplete
        sealed = doomed.sealed
        warnings = judgement.warnings
        sets = judgement.plan.decisions.map { decision in
            let name = Timestamp(seconds: decision.set.time)
            let isKept = judgement.kept.contains(name)
            let due = listing.due(name) ?? Timestamp(seconds: listing.clock.storeNow + prune.grace)
            return SetLine(
                name: name, fate: isKept ? .kept : .announced, reasons: judgement.reasons(of: decision),
                due: isKept ? nil : due)
        }
    }

    mutating func add(_ extended: LockExtension.Outcome) {
        locks = extended.locks
        warnings += extended.warnings
    }

    mutating func add(_ removal: Removal) {
        removed = removal.removed
        sealed = removal.sealed
        locked = removal.locked
        (refused, refusal) = (removal.refused, removal.refusal)
        warnings += removal.warnings
        for number in sets.indices {
            guard let fate = removal.fates[sets[number].name] else { continue }
            sets[number].fate = fate
            sets[number].due = nil
        }
    }

    mutating func add(_ tidying: PruneHousekeeping.Outcome) {
        unwantedPacks = tidying.unwantedPacks
        uploads = tidying.uploads
        warnings += tidying.warnings
    }

    /// Adds a second pass right after the first, which removed the objects that the first announced.
    mutating func continued(by second: PruneReport) {
        let left = Dictionary(second.sets.map { ($0.name, $0) }) { first, _ in first }
        for number in sets.indices where sets[number].fate == .announced {
            if let line = left[sets[number].name] {
                sets[number].fate = line.fate
                sets[number].due = line.due
            } else {
                sets[number].fate = .removed
                sets[number].due = nil
            }
        }
        removed.sets += second.removed.sets
        removed.manifests += second.removed.manifests
        removed.packs += second.removed.packs
        removed.bytes = removed.bytes.addingClamped(second.removed.bytes)
        announced = second.announced
        frozen = second.frozen
        incomplete = second.incomplete
        sealed = second.sealed
        unwantedPacks = second.unwantedPacks
        // The second pass found the locks of the first again.
        if second.locked.objects > 0 { locked = second.locked }
        locks = locks ?? second.locks
        uploads.aborted += second.uploads.aborted
        uploads.keys += second.uploads.keys
        refused += second.refused
        refusal = refusal ?? second.refusal
        warnings += second.warnings.filter { !warnings.contains($0) }
    }
}

extension PruneReport.Counts {
    mutating func add(bytes: Int) { self.bytes = self.bytes.addingClamped(bytes) }
}
