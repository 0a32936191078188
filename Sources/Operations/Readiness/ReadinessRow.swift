/// The result of one check of `dr ready`.
package struct ReadinessRow: Encodable, Equatable, Sendable {
    package enum Check: String, Encodable, CaseIterable, Sendable {
        case plan
        case drill
        case planChange = "plan_change"
        case store
        case ledger
        case backup
        case verification
        case recoveryKeys = "recovery_keys"
        case forecast
        case forecastAccuracy = "forecast_accuracy"
        case space
        case cluster
        case snapshots
        case gaps

        /// The checks that ask servers or clusters, which `--without` can skip.
        package static let slow: [Check] = [.cluster, .snapshots, .gaps]
    }

    /// From the best to the worst.
    package enum Status: String, Encodable, CaseIterable, Comparable, Sendable {
        case notApplicable = "not applicable"
        case green
        /// A recovery would probably succeed, but something is overdue, unknown or close to a limit.
        case amber
        /// A recovery would fail, lose more than allowed, or is not shown to work.
        case red

        package static func < (first: Self, second: Self) -> Bool { first.rank < second.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    package var check: Check
    package var status: Status
    /// One line.
    package var reason: String
    /// The command or the change that mends it; nil for a check that is green or not applicable.
    package var remedy: String?

    package init(_ check: Check, is status: Status, _ reason: String, remedy: String? = nil) {
        self.check = check
        self.status = status
        self.reason = reason.split(whereSeparator: \.isNewline).joined(separator: "; ")
        self.remedy = status >= .amber ? remedy : nil
    }

    /// The row of a check whose answer is not known.
    static func unknown(_ check: Check, _ reason: String, remedy: String? = nil) -> ReadinessRow {
        ReadinessRow(check, is: .amber, "unknown: \(reason)", remedy: remedy)
    }
}

/// The readiness of one scenario.
package struct ScenarioReadiness: Encodable, Equatable, Sendable {
    package var scenario: String
    /// The worst status of a check.
    package var status: ReadinessRow.Status
    package var checks: [ReadinessRow]

    init(scenario: String, _ checks: [ReadinessRow]) {
        self.scenario = scenario
        self.checks = checks
        status = max(.green, checks.map(\.status).max() ?? .green)
    }
}
