internal import FoundationEssentials
internal import Platform
internal import RecoveryPlan

/// One requirement, and what must be shown for it.
struct ControlRule: Sendable {
    var standard: String
    var control: String
    var asks: String
    var cadence = ControlFinding.Cadence.yearly
    /// Chooses the tests that support the requirement.
    var accepts: @Sendable (TestRecord) -> Bool = { _ in true }
    /// The facts that are missing, given the newest test that supports it.
    var missing: @Sendable (TestRecord, ControlFacts) -> [String] = { _, _ in [] }
    /// The reason if no test that passed supports it.
    var absence = "no drill or recovery that passed shows it"
    /// The part of the requirement that no run of dr can show; nil for none.
    var limit: String?

    func finding(_ facts: ControlFacts) -> ControlFinding {
        var finding = ControlFinding(standard, control, asks: asks)
        finding.cadence = cadence
        let supporting = facts.history.filter { $0.isTest && $0.succeeded && accepts($0) }
        guard let last = supporting.first, let date = last.date else {
            finding.verdict = .notShown
            finding.reason = reasonForAbsence(in: facts)
            return finding
        }
        finding.lastShown = last.day
        let due = date.addingTimeInterval(Double(cadence.days) * 86_400)
        finding.nextDue = String(RFC3339.text(due).prefix(10))
        guard facts.at <= due else {
            finding.verdict = .notShown
            finding.reason = "the last test is of \(last.day), and the requirement is \(cadence.rawValue)"
            return finding
        }
        let missing = facts.brokenLedger + missing(last, facts) + [limit].compactMap { $0 }
        finding.verdict = missing.isEmpty ? .met : .inPart
        finding.reason = missing.isEmpty ? success(last, in: facts) : missing.joined(separator: "; ")
        return finding
    }

    private func reasonForAbsence(in facts: ControlFacts) -> String {
        let tests = facts.history.filter(\.isTest)
        guard let newest = tests.first else { return "no drill or recovery is recorded" }
        let passed = tests.filter(\.succeeded)
        if passed.isEmpty { return "no drill or recovery passed; the newest, of \(newest.day), is \(newest.verdict)" }
        return absence
    }

    private func success(_ last: TestRecord, in facts: ControlFacts) -> String {
        let tests = facts.recent(cadence).filter(\.isTest)
        let failed = tests.count { !$0.succeeded }
        let run = last.run.map { " \($0)" } ?? ""
        let text = "\(last.activity.rawValue)\(run) of \(last.day): \(last.verdict)"
        return failed == 0 ? text : "\(text); \(failed) of \(tests.count) tests in the period did not pass"
    }
}

extension ControlFinding {
    /// Computes the verdict on each control.
    package static func all(_ facts: ControlFacts) -> [ControlFinding] { ControlRule.all.map { $0.finding(facts) } }
}
