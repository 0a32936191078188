package import Platform
internal import RecoveryPlan

/// The comparison of the host, network and credentials of a run with those of the backups that it restored.
package struct Segregation: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case shown
        case inPart = "in part"
        case notShown = "not shown"
    }

    package var verdict: Verdict
    /// The reasons for the verdict, a line each.
    package var reasons: [String]
    package var run: RunProvenance
    /// By backup set; a set of an early version does not record it.
    package var sources: [String: RunProvenance]
    /// The kubectl contexts of the clusters into which the run restored; nil for its host only.
    package var clusters: [String]?

    /// - Parameter sets: the names of the restored sets.
    init(_ context: AuditContext, sets: [String]) {
        run = context.run
        sources = context.sources
        clusters = context.clusters
        let unknown = sets.filter { context.sources[$0] == nil }.sorted()
        let known = sets.sorted().compactMap { context.sources[$0] }
        let same = known.filter { Self.isSameMachine($0, context.run) }
        guard unknown.isEmpty, !known.isEmpty, same.isEmpty else {
            verdict = .notShown
            reasons =
                unknown.map { "set \($0) does not record where it was made" }
                + Self.distinct(same.map { "the run was on host '\($0.host)', which made the backup" })
            return
        }
        var doubts: [String] = []
        for source in known { doubts += Self.doubts(source, context.run) }
        if let clusters = context.clusters {
            doubts.append("the data are in \(clusters.joined(separator: ", ")), whose hosts dr does not compare")
        }
        verdict = doubts.isEmpty ? .shown : .inPart
        reasons =
            Self.distinct(known.map { "the hosts differ: '\($0.host)' and '\(context.run.host)'" })
            + Self.distinct(doubts)
        if doubts.isEmpty { reasons.append("networks, store credentials and signing keys differ") }
    }

    private static func isSameMachine(_ one: RunProvenance, _ other: RunProvenance) -> Bool {
        // Equal ids are proof. Different ids are none for a host of one name, which may have restarted.
        if let boot = one.boot, boot == other.boot { return true }
        if let machine = one.machine, machine == other.machine { return true }
        return one.host == other.host
    }

    private static func doubts(_ source: RunProvenance, _ run: RunProvenance) -> [String] {
        var doubts: [String] = []
        if source.networks.isEmpty || run.networks.isEmpty {
            doubts.append("a network is not known")
        } else {
            for network in source.networks where run.networks.contains(network) {
                doubts.append("both hosts have a network \(network)")
            }
        }
        switch (source.credentials, run.credentials) {
        case (let one?, let other?) where one == other: doubts.append("both hosts have the same store credentials")
        case (_?, _?): break
        default:
            doubts.append("the store credentials are not comparable: they are temporary, or the store is a directory")
        }
        switch (source.signer, run.signer) {
        case (let one?, let other?) where one == other: doubts.append("both hosts sign with the same key")
        case (_, nil): doubts.append("the host of the run has no signing key of its own")
        default: break
        }
        return doubts
    }

    private static func distinct(_ lines: [String]) -> [String] {
        lines.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
