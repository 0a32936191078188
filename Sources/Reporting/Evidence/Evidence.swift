package import Components
package import RecoveryPlan

/// The record of one recovery or drill for an auditor: the source of truth for every other format.
///
/// It is a pure function of the run's journal, which it contains, so that a reader can compute each figure again.
/// Schema: `docs/evidence.schema.json`.
package struct Evidence: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable { case recovery, drill }

    package enum Verdict: String, Codable, Sendable {
        /// Recovered and validated, and every objective was met.
        case passed
        /// Recovered and validated, but an objective was missed.
        case late
        /// Recovered in part: an optional step of the plan failed.
        case partial
        case failed
        /// Inconclusive: the drill could not have failed, or did not finish.
        case inconclusive
    }

    package static let schema = "dr.evidence/1"

    package var schema = Evidence.schema
    package var kind: Kind
    package var verdict: Verdict
    /// The reasons for the verdict, a line each; empty for a pass.
    package var reasons: [String]
    package var subject: Subject
    package var clocks: Clocks
    package var rto: TimeObjective
    package var rpo: LossObjective
    /// The steps in the order in which they began.
    package var steps: [StepEvidence]
    package var checks: [CheckResult]
    /// The negative control of a drill: the control run with an injected fault, which must fail.
    package var negativeControl: NegativeControl?
    /// The comparison of the live stack before and after a drill.
    package var liveStack: LiveStackProof?
    /// The place of the run in the ledger; absent in runs of early versions.
    package var ledger: LedgerBegin?
    /// The draws of a drill; absent in runs of early versions.
    package var lottery: Lottery?
    /// The differences from the plan or the forecast, a line each.
    package var deviations: [String]
    package var correctiveActions: [CorrectiveAction]
    package var controls: [ControlMapping]
    package var journal: JournalReference

    /// The subject of the recovery: components, backup sets and operator.
    package struct Subject: Codable, Equatable, Sendable {
        package var run: String
        package var stack: String
        package var scenario: String
        package var procedure: String?
        package var components: [String]
        package var set: String
        /// SHA-256 of the set's document.
        package var setDigest: String
        /// The set of each component, if not all come from ``set``, the newest of them.
        package var sets: [String: String]?
        /// SHA-256 of the documents of these sets, by their names.
        package var setDigests: [String: String]?
        /// The SHA-256 of the plan's file.
        package var planDigest: String
        package var parameters: [String: String]
        package var person: String
        package var host: String
        package var tool: String
        /// The environment of a run without a configuration; absent for a run with one.
        package var bare: BareEnvironment?
        /// The changes of the plan since the last test of the scenario; absent for the first test, and in older journals.
        package var planChange: PlanChangeEvidence?

        package init(
            run: String, stack: String, scenario: String, procedure: String?, components: [String], set: String,
            setDigest: String, planDigest: String, parameters: [String: String], person: String, host: String,
            tool: String
        ) {
            self.run = run
            self.stack = stack
            self.scenario = scenario
            self.procedure = procedure
            self.components = components
            self.set = set
            self.setDigest = setDigest
            self.planDigest = planDigest
            self.parameters = parameters
            self.person = person
            self.host = host
            self.tool = tool
        }
    }
}

/// The changes of a plan since the last test of its scenario.
package struct PlanChangeEvidence: Codable, Equatable, Sendable {
    /// The earlier run.
    package var run: String
    /// The start of the earlier run, RFC 3339.
    package var at: String
    package var planDigest: String
    /// One line for each change; empty if the course of the plan is the same. Absent if the earlier run does not record
    /// the parts of its plan.
    package var changes: [String]?
    /// The changes in one line.
    package var summary: String

    package init(_ change: PlanChange) {
        run = change.run
        at = Moment.text(change.at)
        planDigest = change.planDigest
        changes = change.changes
        summary = change.text
    }
}

/// An action after a recovery or drill, from a file that operators edit.
package struct CorrectiveAction: Codable, Equatable, Sendable {
    package var action: String
    package var owner: String
    /// The due date as written.
    package var due: String
    package var done: Bool?

    package init(action: String, owner: String, due: String, done: Bool? = nil) {
        self.action = action
        self.owner = owner
        self.due = due
        self.done = done
    }
}

/// The journal that the evidence was computed from.
package struct JournalReference: Codable, Equatable, Sendable {
    /// The SHA-256 of the last line, which contains that of the previous line, and so on to the first.
    package var head: String
    /// Every line, unchanged.
    package var lines: [String]

    package init(head: String, lines: [String]) {
        self.head = head
        self.lines = lines
    }
}
