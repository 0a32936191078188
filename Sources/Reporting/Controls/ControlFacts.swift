internal import Components
package import FoundationEssentials
internal import Platform
package import RecoveryPlan

/// The facts from which the verdicts on controls are computed: the history of tests, and what operators declare.
package struct ControlFacts: Sendable {
    /// The time of the verdicts.
    package var at: Date
    /// The newest first.
    package var history: [TestRecord]
    /// The components of the stack; nil if they are not recorded.
    package var components: [String]?
    package var declared: AuditContext.Declarations
    package var actions: [CorrectiveAction]
    package var review: Review?
    /// SHA-256 of the present plans, by scenario.
    package var plans: [String: String]
    /// The gaps and broken links of the ledger, which may have held a test that failed.
    package var ledgerBreaks: [String] = []

    package init(
        at: Date, history: [TestRecord], components: [String]?,
        declared: AuditContext.Declarations = AuditContext.Declarations(), actions: [CorrectiveAction] = [],
        review: Review? = nil, plans: [String: String] = [:]
    ) {
        self.at = at
        // A record of the future would make everything current.
        self.history = history.filter { $0.date.map { $0 <= at } ?? false }.sorted { $0.at > $1.at }
        self.components = components
        self.declared = declared
        self.actions = actions
        self.review = review
        self.plans = plans
    }

    /// The records of one cadence, the newest first.
    func recent(_ cadence: ControlFinding.Cadence) -> [TestRecord] {
        history.filter { record in
            record.date.map { at.timeIntervalSince($0) <= Double(cadence.days) * 86_400 } ?? false
        }
    }

    /// The drills and recoveries that passed within a cadence, the newest first.
    func passed(_ cadence: ControlFinding.Cadence) -> [TestRecord] {
        recent(cadence).filter { $0.isTest && $0.succeeded }
    }

    /// The components that no test of the last year restored.
    var untested: [String] {
        let tested = Set(passed(.yearly).flatMap(\.components))
        return (components ?? []).filter { !tested.contains($0) }
    }
}

extension TestRecord {
    var date: Date? { Moment.date(at) }

    /// `2026-11-29`.
    var day: String { String(at.prefix(10)) }

    /// The record of a run.
    /// - Parameter at: the end of the run.
    package init(_ evidence: Evidence, at: Date) {
        let succeeded = evidence.verdict == .passed || evidence.verdict == .late
        self.init(
            at: Moment.text(at), activity: evidence.kind == .drill ? .drill : .recovery, succeeded: succeeded,
            verdict: evidence.verdict.rawValue, components: evidence.subject.components)
        run = evidence.subject.run
        scenario = evidence.subject.scenario
        plan = evidence.subject.planDigest
        journal = evidence.journal.head
        detected = evidence.negativeControl?.noticed
        rtoMet = evidence.rto.met
        rpoMet = evidence.rpo.met
        let passed = evidence.checks.filter { $0.verdict == .passed }
        checks = passed.count
        reconciled = passed.contains { ReconcilingChecks.names.contains($0.name) }
        segregation = evidence.segregation?.verdict.rawValue
    }
}

/// An operator's confirmation that the report was read.
package struct Review: Codable, Equatable, Sendable {
    package var by: String
    /// The date as written.
    package var at: String

    package init(by: String, at: String) {
        self.by = by
        self.at = at
    }
}
