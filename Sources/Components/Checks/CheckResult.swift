/// What one check found: measured against what it should be.
package struct CheckResult: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case passed
        /// It is not as it should be, or it could not be found out: a check that cannot be made proves nothing.
        case failed
        /// There is nothing to check here, and the detail says why; counts neither way.
        case skipped
    }

    /// The word in plans and on the command line: "prometheus_ready".
    package var name: String
    /// The component of `dr.yaml` that it is about; nil for the stack as a whole.
    package var component: String?
    package var verdict: Verdict
    /// Whether its failure means that the recovery failed; otherwise it is a warning.
    package var isCritical: Bool
    /// With units, for people: "1,204 samples/s", "HTTP 503".
    package var measured: String
    /// What would have passed: "≥ 99.95 %", "HTTP 200".
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
    /// Why these checks, though none that is critical failed, prove nothing: none passed. Nil where one did, and of none.
    package var reasonForNoProof: String? {
        guard !isEmpty, !contains(where: { $0.verdict == .passed }) else { return nil }
        let skipped = filter { $0.verdict == .skipped }.map(\.name)
        guard skipped.count == count else { return "no check passed" }
        return "nothing was checked: there was nothing to look at for \(skipped.joined(separator: ", "))"
    }
}
