package import Platform

/// A check after a recovery. It is made for one server or for the stack, and runs once.
package protocol RecoveryCheck: Sendable {
    /// The name in plans and on the command line.
    var name: String { get }
    /// The checked component of `dr.yaml`; nil for the stack as a whole.
    var component: String? { get }
    var isCritical: Bool { get }
    /// The expected value, for people.
    var target: String { get }
    /// The check's own time-out, if it may take longer than the others; nil for the common one.
    var timeLimit: Duration? { get }
    /// Measures the value. Blocks its thread, and returns soon after a cancellation of its task.
    /// - Throws: the error that prevented the measurement; then the check has failed.
    func measure() throws -> Measurement
}

extension RecoveryCheck {
    package var isCritical: Bool { true }
    package var timeLimit: Duration? { nil }
}

/// The outcome of one measurement.
package struct Measurement: Equatable, Sendable {
    package var verdict: CheckResult.Verdict
    /// The measured value with its unit.
    package var measured: String
    package var detail: String?
    /// The HTTP status and time of the response, for a check with one request.
    package var status: Int?
    package var milliseconds: Double?

    package static func passed(_ measured: String, _ detail: String? = nil) -> Measurement {
        Measurement(verdict: .passed, measured: measured, detail: detail)
    }

    package static func failed(_ measured: String, _ detail: String? = nil) -> Measurement {
        Measurement(verdict: .failed, measured: measured, detail: detail)
    }

    package static func skipped(_ why: String) -> Measurement {
        Measurement(verdict: .skipped, measured: "-", detail: why)
    }

    package static func judged(_ isGood: Bool, _ measured: String, otherwise why: @autoclosure () -> String? = nil)
        -> Measurement
    {
        isGood ? .passed(measured) : .failed(measured, why())
    }
}

/// The reason why a check could not run.
package struct CheckFailure: OperationError, Equatable {
    /// Short, for the column of measured values: "HTTP 503".
    package var measured: String
    package var reason: String

    package init(_ measured: String, _ reason: String) {
        self.measured = measured
        self.reason = reason
    }

    package var reasonCode: String { "check_error" }
    package var place: ErrorPlace { ErrorPlace() }
    package var detail: String { reason }
}
