internal import ObjectStorage

/// Sets that were committed, that no prune removed, and that the listing of a prune does not show.
///
/// A store that lies or lags behind must not turn their objects into orphans, so such a set freezes the prune.
struct HiddenSets: Sendable {
    let refusals: [PruneReport.Refusal]

    /// Compares the listing with the notes of this machine and with the chain of the listed sets. Blocks.
    /// - Parameter orphans: manifests without a listed set.
    init(beside listing: PruneListing, orphans: [PruneDoomed.Orphan]) throws {
        let prune = listing.prune
        let own = Set(([prune.state?.lastSet()].compactMap { $0 } + (prune.state?.missingSets() ?? [])))
            .filter { listing.sets[$0] == nil }
        var refusals: [PruneReport.Refusal] = []
        if !own.isEmpty {
            let removed = try PrunedMark.names(in: prune.repository, unreadable: { _ in })
            if let name = own.subtracting(removed).max() {
                refusals.append(
                    .init(
                        reason:
                            "the store does not list set \(name), which this machine committed and no prune removed",
                        remedy: Self.search + "; if the set is to stay away, `dr init --adopt` forgets it"))
            }
        }
        if let first = try Self.committed(orphans, in: listing) {
            let mark = Marks.key(OutcomeMark.kind, ofRun: first.run)
            refusals.append(
                .init(
                    reason: "the run of '\(first.manifest)' committed a set that the store does not list, "
                        + "and no prune removed it",
                    remedy: Self.search + "; if the set is to stay away, remove '\(mark)' and prune again"))
        }
        self.refusals = refusals
    }

    private static let search =
        "run `dr list` to see if the listing lagged, and look for the set in the versions of the bucket"

    /// Returns the first manifest whose run committed a set that is not listed. A run writes its outcome after its set,
    /// and a prune removes the outcome with the set.
    private static func committed(
        _ orphans: [PruneDoomed.Orphan], in listing: PruneListing
    ) throws -> (manifest: ObjectKey, run: String)? {
        let marks = Marks(listing.prune.repository)
        for orphan in orphans {
            guard let run = orphan.manifest.run, try !listing.ledger.hasSet(ofRun: run) else { continue }
            do {
                guard try OutcomeMark.find(run, in: marks) == .committed,
                    // Without its signature, any user could freeze every prune.
                    try !marks.needsSignatures || OutcomeMark.isCommitted(run, after: orphan.manifest.name, in: marks)
                else { continue }
            } catch let error as RepositoryError where error.isUnreadable { continue }
            return (Layout.manifest(orphan.component, orphan.manifest.name), run)
        }
        return nil
    }
}
