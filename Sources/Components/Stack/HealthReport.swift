package import BackupRepository

/// The health of the stack's components, in the shape and under the names of the usual script for this report.
package struct HealthReport: Codable, Equatable, Sendable {
    package struct Component: Codable, Equatable, Sendable {
        package var name: String
        /// "healthy" or "unhealthy".
        package var status: String
        package var responseTime: Double
        /// Nil where there was no answer.
        package var statusCode: Int?
        package var error: String?

        private enum CodingKeys: String, CodingKey {
            case name, status, error
            case responseTime = "response_time_ms"
            case statusCode = "status_code"
        }
    }

    package struct Failure: Codable, Equatable, Sendable {
        package var component: String
        package var error: String
        package var responseTime: Double
        package var critical: Bool

        private enum CodingKeys: String, CodingKey {
            case component, error, critical
            case responseTime = "response_time_ms"
        }
    }

    /// "HEALTHY" or "UNHEALTHY": the latter where a critical component is.
    package var overallHealth: String
    package var total: Int
    package var healthy: Int
    package var unhealthy: Int
    package var criticalFailures: Int
    /// Milliseconds.
    package var averageResponseTime: Double
    /// RFC 3339.
    package var timestamp: String
    package var components: [Component]
    package var failures: [Failure]

    private enum CodingKeys: String, CodingKey {
        case failures
        case overallHealth = "overall_health"
        case total = "total_components"
        case healthy = "healthy_components"
        case unhealthy = "unhealthy_components"
        case criticalFailures = "critical_failures"
        case averageResponseTime = "average_response_time_ms"
        case timestamp = "check_timestamp"
        case components = "component_details"
    }

    package var isHealthy: Bool { criticalFailures == 0 }

    /// - Parameter results: of the checks with role ``CheckRole/health``; skipped ones do not count.
    package init(_ results: [CheckResult], at now: Timestamp) {
        let made = results.filter { $0.verdict != .skipped }
        func time(_ result: CheckResult) -> Double {
            ((result.milliseconds ?? result.seconds * 1000) * 100).rounded() / 100
        }
        /// A wrong status is the error; the text of the response is not in the runbook's report.
        func error(_ result: CheckResult) -> String {
            if let status = result.status, !result.target.hasPrefix("HTTP \(status)") { return "HTTP \(status)" }
            return result.detail ?? result.measured
        }
        components = made.map { result in
            let isHealthy = result.verdict == .passed
            return Component(
                name: result.component ?? result.name, status: isHealthy ? "healthy" : "unhealthy",
                responseTime: time(result), statusCode: result.status, error: isHealthy ? nil : error(result))
        }
        failures = made.filter { $0.verdict == .failed }.map { result in
            Failure(
                component: result.component ?? result.name, error: error(result), responseTime: time(result),
                critical: result.isCritical)
        }
        total = made.count
        unhealthy = failures.count
        healthy = made.count - failures.count
        criticalFailures = failures.count(where: \.critical)
        overallHealth = criticalFailures == 0 ? "HEALTHY" : "UNHEALTHY"
        averageResponseTime =
            made.isEmpty ? 0 : (made.map(time).reduce(0, +) / Double(made.count) * 100).rounded() / 100
        timestamp = now.rfc3339
    }
}
