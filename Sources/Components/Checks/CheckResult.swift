/// The result of one check: the measured and the expected value.
package struct CheckResult: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case passed
        /// It is not as it should be, or it could not be found out: a check that cannot be made proves nothing.
        case failed
        /// There is nothing to check here, and the detail says why; counts neither way.
        case skipped
    }

    /// The word in plans and on the command line: "metrics_ready".
    package var name: String
    /// The component of `dr.yaml` that it is about; nil for the stack as a whole.
    package var component: String?
    package var verdict: Verdict
    /// True if its failure means that the recovery failed; otherwise it is a warning.
    package var isCritical: Bool
    /// With units, for people: "1,204 samples/s", "HTTP 503".
    package var measured: String
    /// The expected value: "≥ 99.95 %", "HTTP 200".
    package var target: String
    /// Why, and what to do; nil where the rest says it all. Never a secret.
    package var detail: String?
    package var seconds: Double
    /// Of a check that is one request: the HTTP status of the answer, and the time until it came.
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
        return "nothing was checked: there was nothing to look at for \(skipped.joined(separator: ", "))"
    }
}
