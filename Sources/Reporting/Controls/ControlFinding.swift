/// The requirement of a standard that a part of the evidence supports. `docs/evidence.md` contains the same table.
package struct ControlMapping: Codable, Equatable, Sendable {
    package var standard: String
    package var control: String
    /// The requirement of the control, paraphrased.
    package var asks: String
    /// The parts of the evidence that support it.
    package var parts: [String]

    package init(_ standard: String, _ control: String, asks: String, parts: [String]) {
        self.standard = standard
        self.control = control
        self.asks = asks
        self.parts = parts
    }

    package static let all = [
        ControlMapping(
            "SOC 2 (TSC 2017)", "A1.2", asks: "backup and recovery infrastructure exists, is run and is watched",
            parts: ["subject", "rpo", "checks"]),
        ControlMapping(
            "SOC 2 (TSC 2017)", "A1.3", asks: "recovery procedures are tested",
            parts: ["steps", "rto", "checks", "negativeControl", "journal"]),
        ControlMapping(
            "ISO/IEC 27001:2022", "A.8.13", asks: "backups are kept and tested by an agreed policy",
            parts: ["subject", "rpo", "checks", "correctiveActions"]),
        ControlMapping(
            "ISO/IEC 27001:2022", "A.8.14", asks: "facilities are redundant enough to meet availability requirements",
            parts: ["rto", "clocks", "liveStack"]),
        ControlMapping(
            "ISO 22301:2019", "8.5", asks: "exercises are run at planned intervals, reported and acted on",
            parts: ["kind", "verdict", "deviations", "correctiveActions"]),
    ]
}
