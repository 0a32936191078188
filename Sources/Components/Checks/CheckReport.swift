/// All results of one run, with the runbook's summary. Codable as it is printed.
package struct CheckReport: Codable, Equatable, Sendable {
    package enum Status: String, Codable, Sendable {
        case healthy
        /// A check failed, but no critical one.
        case degraded
        case unhealthy
    }

    package struct Summary: Codable, Equatable, Sendable {
        /// The number of checks that ran, without skipped ones.
        package var total: Int
        package var healthy: Int
        package var unhealthy: Int
        package var criticalFailures: Int
        package var skipped: Int
        package var overallStatus: Status
    }

    package var stack: String
    /// The time in RFC 3339, in whole seconds.
    package var timestamp: String
    /// The set that the stack was compared with.
    package var set: String?
    package var summary: Summary
    package var results: [CheckResult]

    package init(stack: String, timestamp: String, set: String?, results: [CheckResult]) {
        self.stack = stack
        self.timestamp = timestamp
        self.set = set
        self.results = results
        let made = results.filter { $0.verdict != .skipped }
        let failed = made.filter { $0.verdict == .failed }
        let critical = failed.count(where: \.isCritical)
        summary = Summary(
            total: made.count, healthy: made.count - failed.count, unhealthy: failed.count, criticalFailures: critical,
            skipped: results.count - made.count,
            overallStatus: critical > 0 ? .unhealthy : failed.isEmpty ? .healthy : .degraded)
    }

    package var hasCriticalFailure: Bool { summary.criticalFailures > 0 }
}
