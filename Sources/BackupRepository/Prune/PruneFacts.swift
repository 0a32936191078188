internal import ObjectStorage
internal import Platform
internal import Retention

/// The second step of a prune: the documents of all sets, read after the runs of due orphans were abandoned.
struct PruneFacts: Sendable {
    let listing: PruneListing
    /// The facts about the sets for retention.
    let sets: [SetFacts]
    /// Sets whose documents cannot be read, with the reason, except those that an operator dropped.
    let unreadable: [Timestamp: RepositoryError]
    /// Runs that can no longer commit a set.
    let settledRuns: Set<String>
    let warnings: [String]

    init(_ listing: PruneListing) async throws {
        self.listing = listing
        let listed = try await SetDocuments(of: Array(listing.sets.keys), in: listing)
        let settlement = try await listing.prune.pool.run { try OrphanSettlement(after: listed, in: listing) }
        let late = try await SetDocuments(of: settlement.lateSets, in: listing)
        sets = listed.facts + late.facts
        unreadable = listed.unreadable.merging(late.unreadable) { first, _ in first }
        settledRuns = settlement.runs
        warnings =
            listing.warnings + settlement.warnings
            + RepositoryError.warning(aboutForeignSets: listed.foreign, inCopy: listing.prune.copyName)
    }

    /// The unreadable sets, each of which stops every prune.
    var refusals: [PruneReport.Refusal] {
        let sorted = unreadable.sorted { $0.key < $1.key }
        let encrypted = sorted.filter { $0.value.reason == .encrypted }
        return encrypted.prefix(1).map { name, error in
            let number = encrypted.count == 1 ? "1 set" : "\(encrypted.count) sets"
            return .init(
                reason: "\(number) cannot be read, such as '\(Layout.set(name))': \(error.detail)",
                remedy: error.hint ?? "")
        }
            + sorted.filter { $0.value.reason != .encrypted }.map { name, error in
                .init(
                    reason:
                        "'\(Layout.set(name))' cannot be read, so the objects it needs are not known: \(error.detail)",
                    remedy: error.isOfOtherSigner
                        ? "\(RepositoryError.signerAdvice), then drop the set: `\(drop(name))`"
                        : "\(restoring), or drop the set: `\(drop(name))`; dr does not prune before that"
                )
            }
    }

    private var restoring: String {
        guard let copy = listing.prune.copyName else { return "restore that object from a copy" }
        return "put back what another store has with `dr repair --copy \(copy)`"
    }

    private func drop(_ name: Timestamp) -> String { DropAdvice.command(for: name, inCopy: listing.prune.copyName) }
}

/// The end of the runs of due orphans: from now on they cannot commit a set.
private struct OrphanSettlement {
    let runs: Set<String>
    /// Sets that were written after the listing.
    let lateSets: [Timestamp]
    let warnings: [String]

    /// A dry run does not settle any run, and reports the result that a prune would have.
    init(after documents: SetDocuments, in listing: PruneListing) throws {
        let (prune, ledger) = (listing.prune, listing.ledger)
        var runs: Set<String> = []
        var warnings: [String] = []
        for pending in listing.due {
            for orphan in pending.intent.orphans.values.joined() {
                guard let run = orphan.run, !listing.leases.live.contains(run), !runs.contains(run) else { continue }
                do {
                    if !prune.isDryRun { try Self.settle(run, hasSet: ledger.hasSet(ofRun: run), in: listing) }
                    runs.insert(run)
                } catch let error as RepositoryError where error.isUnreadable {
                    // The outcome of the run is not known, so its objects stay.
                    warnings.append("skipped a mark: \(error)")
                }
            }
        }
        (self.runs, self.warnings) = (runs, warnings)
        guard !runs.isEmpty, !prune.isDryRun else {
            lateSets = []
            return
        }
        lateSets = try prune.repository.setNames().filter {
            try !ledger.hasSet($0.seconds) && documents.unreadable[$0] == nil
        }
    }

    /// Never abandons a run that has its set. A set that an abandoned run writes later is not valid.
    private static func settle(_ run: String, hasSet: Bool, in listing: PruneListing) throws {
        let (marks, now) = (Marks(listing.prune.repository), listing.clock.now)
        let reserve = SpaceReserve(store: marks.store)
        let wish: OutcomeMark.Outcome = hasSet ? .committed : .void
        let outcome = try reserve.spending { try OutcomeMark.settle(run, as: wish, at: now, in: marks) }
        if outcome == .void { try reserve.spending { try VoidMark.write(run, at: now, in: marks) } }
    }
}
