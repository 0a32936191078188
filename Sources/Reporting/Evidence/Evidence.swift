package import Components

/// What one recovery or drill was, as an auditor reads it: the source of truth for every other format.
///
/// A pure function of the run's journal, which it carries along: whoever doubts a figure can work it out again.
/// Schema: `docs/evidence.schema.json`.
package struct Evidence: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable { case recovery, drill }

    package enum Verdict: String, Codable, Sendable {
        /// Recovered, validated, every objective met.
        case passed
        /// Recovered and validated, but an objective was missed.
        case late
        /// Recovered in part: a step that the plan can do without failed.
        case partial
        case failed
        /// The drill could not have failed, or was not finished: it proves nothing.
        case void
    }

    package static let schema = "dr.evidence/1"

    package var schema = Evidence.schema
    package var kind: Kind
    package var verdict: Verdict
    /// Why, a line each; empty for a pass.
    package var reasons: [String]
    package var subject: Subject
    package var clocks: Clocks
    package var rto: TimeObjective
    package var rpo: LossObjective
    /// In the order in which they began.
    package var steps: [StepEvidence]
    package var checks: [CheckResult]
    /// For a drill: the same with a damaged copy, which has to fail.
    package var negativeControl: NegativeControl?
    /// For a drill: the live stack before and after.
    package var liveStack: LiveStackProof?
    /// What did not go as the plan or the forecast has it, a line each.
    package var deviations: [String]
    package var correctiveActions: [CorrectiveAction]
    package var controls: [ControlMapping]
    package var journal: JournalReference

    /// What was recovered, from what, by whom.
    package struct Subject: Codable, Equatable, Sendable {
        package var run: String
        package var stack: String
        package var scenario: String
        package var procedure: String?
        package var components: [String]
        package var set: String
        /// SHA-256 of the set's document.
        package var setDigest: String
        /// By component its set, where not all come from ``set``, the newest of them.
        package var sets: [String: String]?
        /// SHA-256 of the documents of these sets, by their names.
        package var setDigests: [String: String]?
        /// SHA-256 of the plan's file.
        package var planDigest: String
        package var parameters: [String: String]
        package var person: String
        package var host: String
        package var tool: String

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

/// Something to be done after a recovery or drill, from a file that people edit.
package struct CorrectiveAction: Codable, Equatable, Sendable {
    package var action: String
    package var owner: String
    /// As written: a date.
    package var due: String
    package var done: Bool?

    package init(action: String, owner: String, due: String, done: Bool? = nil) {
        self.action = action
        self.owner = owner
        self.due = due
        self.done = done
    }
}

/// Which journal the evidence was made from.
package struct JournalReference: Codable, Equatable, Sendable {
    /// SHA-256 of the last line, which carries that of the line before, and so on to the first.
    package var head: String
    /// Every line, as written.
    package var lines: [String]

    package init(head: String, lines: [String]) {
        self.head = head
        self.lines = lines
    }
}
