/// The result of one earlier run, as the verdicts on controls need it.
package struct TestRecord: Codable, Equatable, Sendable {
    package enum Activity: String, Codable, Sendable { case backup, verification, drill, recovery }

    /// RFC 3339, the end of the run.
    package var at: String
    package var activity: Activity
    /// True if it showed what it was for: a drill or recovery that passed or was late, a verification without damage, a
    /// backup that wrote a set.
    package var succeeded: Bool
    /// The word of its own kind: "passed", "inconclusive", "damaged".
    package var verdict: String
    package var run: String?
    package var scenario: String?
    /// The components that it restored, verified or backed up.
    package var components: [String]
    /// SHA-256 of the plan.
    package var plan: String?
    /// True if the control run detected its fault; nil without a control run.
    package var detected: Bool?
    /// True if the RTO and the RPO were met; nil if there was none of them, or it was not measured.
    package var rtoMet: Bool?
    package var rpoMet: Bool?
    /// The checks that passed.
    package var checks: Int?
    /// True if restored data were compared with data recorded at the backup.
    package var reconciled: Bool?
    package var segregation: String?
    /// Of a verification: the share of the packs of which it read every byte, 0 to 1.
    package var share: Double?
    /// SHA-256 of the journal's last line. Not part of a report.
    package var journal: String?

    private enum CodingKeys: String, CodingKey {
        case at, activity, succeeded, verdict, run, scenario, components, plan, detected, rtoMet, rpoMet, checks
        case reconciled, segregation, share
    }

    package init(at: String, activity: Activity, succeeded: Bool, verdict: String, components: [String]) {
        self.at = at
        self.activity = activity
        self.succeeded = succeeded
        self.verdict = verdict
        self.components = components
    }

    package var isTest: Bool { activity == .drill || activity == .recovery }
}
