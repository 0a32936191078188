import Platform

/// The output of `dr ready`.
package struct ReadinessReport: Encodable, Equatable, Sendable {
    package var stack: String
    /// The time of the checks.
    package var at: String
    /// The worst status of a scenario.
    package var status: ReadinessRow.Status
    package var scenarios: [ScenarioReadiness]

    package init(stack: String, at: String, _ scenarios: [ScenarioReadiness]) {
        self.stack = stack
        self.at = at
        self.scenarios = scenarios
        status = scenarios.map(\.status).max() ?? .green
    }

    package var text: String { scenarios.map(\.text).joined(separator: "\n\n") }
}

extension ScenarioReadiness {
    fileprivate var text: String {
        func count(_ status: ReadinessRow.Status) -> Int { checks.count { $0.status == status } }
        let counts = [ReadinessRow.Status.red, .amber, .green].filter { count($0) > 0 }.map {
            "\(count($0)) \($0.rawValue)"
        }
        var table = Table([("STATUS", .left), ("CHECK", .left), ("REASON", .left)])
        for row in checks {
            table.add([
                row.status == .notApplicable ? "-" : row.status == .red ? "RED" : row.status.rawValue,
                row.check.rawValue, row.reason,
            ])
        }
        let remedies = checks.compactMap { row in row.remedy.map { "  \(row.check.rawValue): \($0)" } }
        return
            (["\(scenario): \(status.rawValue.uppercased()) (\(counts.joined(separator: ", ")))", table.text]
            + (remedies.isEmpty ? [] : ["to mend:"] + remedies)).joined(separator: "\n")
    }
}
