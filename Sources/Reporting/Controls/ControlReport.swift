internal import FoundationEssentials
internal import Platform
internal import RecoveryPlan

/// The result of `dr report controls`: the verdict on each control at one time.
package struct ControlReport: Encodable {
    /// RFC 3339.
    package var at: String
    package var controls: [ControlFinding]
    /// The tests, verifications and backups that the verdicts were computed from.
    package var records: Int

    package init(_ facts: ControlFacts) {
        at = RFC3339.text(facts.at)
        controls = ControlFinding.all(facts)
        records = facts.history.count
    }

    package var text: String {
        var table = Table([
            ("STANDARD", .left), ("CONTROL", .left), ("VERDICT", .left), ("LAST SHOWN", .left), ("NEXT DUE", .left),
            ("REASON", .left),
        ])
        for row in controls {
            table.add([
                row.standard, row.control, row.verdict?.rawValue ?? "-", row.lastShown ?? "-", row.nextDue ?? "-",
                row.reason ?? "",
            ])
        }
        return """
            \(table.text)

            at \(at), from \(Units.count(records, "record")); the evidence supports these requirements, it does not show compliance
            """
    }
}
