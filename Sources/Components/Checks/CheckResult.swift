/// The result of one check: the measured and the expected value.
package struct CheckResult: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case passed
        /// The value is not as expected, or could not be measured.
        case failed
        /// There was nothing to check, for the reason in the detail. Counts as neither passed nor failed.
        case skipped
    }

    /// The name in plans and on the command line: "metrics_ready".
    package var name: String
    /// The checked component of `dr.yaml`; nil for the stack as a whole.
    package var component: String?
    package var verdict: Verdict
    /// True if its failure means that the recovery failed; otherwise it is a warning.
    package var isCritical: Bool
    /// The measured value with its unit: "1,204 samples/s", "HTTP 503".
    package var measured: String
    /// The expected value: "≥ 99.95 %", "HTTP 200".
    package var target: String
    /// The reason and the remedy; nil if the values are sufficient. Never a secret.
    package var detail: String?
    package var seconds: Double
    /// The HTTP status and time of the response, for a check with one request.
    package var status: Int?
    package var milliseconds: Double?

    package init(
        _ name: String, component: String?, _ verdict: Verdict, isCritical: Bool = true, measured: String,
        target: String, detail: String? = nil, seconds: Double = 0
    ) {
        self.name = name
        self.component = component
        self.verdict = verdict
        self.isCritical = isCritical
        self.measured = measured
        self.target = target
        self.detail = detail
        self.seconds = seconds
    }
}

extension [CheckResult] {
    /// The reason why the checks prove nothing although no critical one failed: none passed. Nil if one passed, or if
    /// there are no checks.
    package var reasonForNoProof: String? {
        guard !isEmpty, !contains(where: { $0.verdict == .passed }) else { return nil }
        let skipped = filter { $0.verdict == .skipped }.map(\.name)
        guard skipped.count == count else { return "no check passed" }
        return "no check ran: there was nothing to check for \(skipped.joined(separator: ", "))"
    }
}
