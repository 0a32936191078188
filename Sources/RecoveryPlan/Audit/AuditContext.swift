package import Platform

/// The facts around a run that its evidence needs beside the run itself. They are in the journal, so that the evidence
/// stays a function of it.
package struct AuditContext: Codable, Equatable, Sendable {
    /// The host, account, network and credentials of the run.
    package var run: RunProvenance
    /// Those of the backups that it restored, by set; without sets that do not record them.
    package var sources: [String: RunProvenance]
    /// The kubectl contexts of the clusters into which it restored; nil if it restored on its host only.
    package var clusters: [String]?
    /// The components of the stack.
    package var components: [String]
    package var declared: Declarations
    /// The earlier tests, recoveries and verifications, the newest first.
    package var history: [TestRecord]

    /// The facts that operators declare in `dr.yaml`, under `evidence`.
    package struct Declarations: Codable, Equatable, Sendable {
        package var objectiveOwner: String?
        package var criticality: String?
        package var participants: [String]?
        package var separation: String?
        package var offNetworkCopy: String?

        package init() {}
    }

    package init(
        run: RunProvenance, sources: [String: RunProvenance], clusters: [String]? = nil, components: [String],
        declared: Declarations = Declarations(), history: [TestRecord] = []
    ) {
        self.run = run
        self.sources = sources
        self.clusters = clusters
        self.components = components
        self.declared = declared
        self.history = history
    }
}
