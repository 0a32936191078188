import Testing

@testable import RecoveryPlan

@Suite struct RunLineTests {
    @Test func `a long error keeps its first lines and its hint`() {
        let error = (1...9).map { "object \($0)" }.joined(separator: "\n") + "\nhint: restore another set"
        let lines = RunLine.shortened(error).split(separator: "\n")
        #expect(lines.first == "object 1")
        #expect(lines.last == "hint: restore another set")
        #expect(lines.contains { $0.contains("5 more lines") })
        #expect(lines.count == 6)
    }

    @Test(arguments: ["one line", "a\nb\nc\nd\ne", "a\nhint: b"])
    func `a short error is shown in full`(_ error: String) { #expect(RunLine.shortened(error) == error) }

    @Test func `a failed attempt says that another follows`() throws {
        let result = StepResult(
            step: "metrics", attempt: 1, outcome: .failed, seconds: 1.5, error: "HTTP 503", isRetried: true)
        let line = try #require(RunLine.text(.stepFinished(result: result)))
        #expect(line.hasPrefix("metrics: failed in 1.5s: HTTP 503"))
        #expect(line.hasSuffix("; retrying"))
    }

    @Test func `a recovery from several sets names each with its components`() {
        let sets = ["grafana": "20261123T020000Z", "loki": "20261123T010000Z", "tree": "20261123T020000Z"]
        #expect(
            RunRecord.text(sets, newest: "20261123T020000Z")
                == "sets 20261123T020000Z (grafana, tree), 20261123T010000Z (loki)")
        #expect(RunRecord.text(["tree": "20261123T010000Z"], newest: "20261123T020000Z") == "set 20261123T020000Z")
    }
}
