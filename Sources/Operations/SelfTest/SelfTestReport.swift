import Platform

/// The output of `dr self-test`.
package struct SelfTestReport: Encodable, Sendable {
    package var passed: Bool
    package var version: String
    package var program: String
    /// The temporary folder, which does not exist any more if the step `clean` passed.
    package var folder: String
    package var seconds: Double
    /// The largest resident memory of a run of the program, in bytes.
    package var peakMemory: Int
    package var steps: [SelfTestStep]
    package var notTested: [String]

    init(program: String, folder: String, seconds: Double, _ steps: [SelfTestStep]) {
        version = Release.version
        self.program = program
        self.folder = folder
        self.seconds = seconds
        self.steps = steps
        passed = steps.allSatisfy { $0.verdict == .passed }
        peakMemory = steps.compactMap(\.peakMemory).max() ?? 0
        notTested = Self.notTested
    }

    private static let notTested = [
        "your dr.yaml, its store, components, keys and notifications: run `dr doctor`, `dr key test` and `dr notify test`",
        "servers and clusters: run `dr drill`",
        "stores in a bucket, TLS and proxies",
        "large amounts of data",
    ]

    package var text: String {
        var table = Table([("STEP", .left), ("RESULT", .left), ("TIME", .right), ("MEMORY", .right), ("ABOUT", .left)])
        for step in steps {
            table.add([
                step.name.rawValue, step.verdict == .failed ? "FAILED" : step.verdict.rawValue,
                step.verdict == .skipped ? "-" : "\(Units.fixed(step.seconds, 2)) s",
                step.peakMemory.map(Units.bytes) ?? "-", step.about,
            ])
        }
        let failures = steps.filter { $0.verdict == .failed }.map { "\($0.name.rawValue): \($0.detail ?? "")" }
        return
            ([table.text] + failures + [result(failures: failures.count), "not tested:"] + notTested.map { "  \($0)" })
            .joined(separator: "\n")
    }

    private func result(failures: Int) -> String {
        if passed {
            return "dr \(version) works on this machine: \(steps.count) steps passed in \(Units.fixed(seconds, 1)) s, "
                + "with at most \(Units.bytes(peakMemory)) of memory"
        }
        if steps.contains(where: { $0.name == .folder && $0.verdict == .failed }) {
            return "dr \(version) was not tested: it has no temporary folder"
        }
        return "dr \(version) does not work on this machine: \(failures) of \(steps.count) steps failed"
    }
}
