/// One requirement of a rule or standard, and the verdict of the evidence about it. The evidence supports a requirement; it
/// does not show that an organisation complies.
package struct ControlFinding: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case met
        case inPart = "in part"
        case notShown = "not shown"
    }

    package enum Cadence: String, Codable, Sendable {
        case yearly, quarterly

        package var days: Int { self == .yearly ? 365 : 92 }
    }

    /// With its version.
    package var standard: String
    package var control: String
    /// The requirement, paraphrased.
    package var asks: String
    /// Nil in reports of schema 1.
    package var verdict: Verdict?
    package var reason: String?
    package var cadence: Cadence?
    /// The day of the newest run that supports it; nil if there is none.
    package var lastShown: String?
    /// The day until which it must be shown again.
    package var nextDue: String?
    /// The parts of the evidence that support it, in reports of schema 1 only.
    package var parts: [String]?

    package init(_ standard: String, _ control: String, asks: String) {
        self.standard = standard
        self.control = control
        self.asks = asks
    }
}

extension ControlFinding {
    /// The rows of reports of schema 1, which had labels in place of verdicts. They keep those reports verifiable.
    static let labels = [
        label(
            "SOC 2 (TSC 2017)", "A1.2", asks: "backup and recovery infrastructure exists, is run and is watched",
            parts: ["subject", "rpo", "checks"]),
        label(
            "SOC 2 (TSC 2017)", "A1.3", asks: "recovery procedures are tested",
            parts: ["steps", "rto", "checks", "negativeControl", "journal"]),
        label(
            "ISO/IEC 27001:2022", "A.8.13", asks: "backups are kept and tested by an agreed policy",
            parts: ["subject", "rpo", "checks", "correctiveActions"]),
        label(
            "ISO/IEC 27001:2022", "A.8.14", asks: "facilities are redundant enough to meet availability requirements",
            parts: ["rto", "clocks", "liveStack"]),
        label(
            "ISO 22301:2019", "8.5", asks: "exercises are run at planned intervals, reported and acted on",
            parts: ["kind", "verdict", "deviations", "correctiveActions"]),
    ]

    private static func label(
        _ standard: String, _ control: String, asks: String, parts: [String]
    ) -> ControlFinding {
        var row = ControlFinding(standard, control, asks: asks)
        row.parts = parts
        return row
    }
}
