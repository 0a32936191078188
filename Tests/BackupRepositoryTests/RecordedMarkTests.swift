import Testing

@testable import BackupRepository

@Suite struct RecordedMarkTests {
    @Test func itIsFoundByItsSetAndGoesWithIt() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", [1])
        let first = try await fixture.backup()
        fixture.pass(hours: 2)
        try fixture.write("a", [2])
        let second = try await fixture.backup()
        let marks = Marks(try fixture.repository())
        for set in [first, second] {
            let question = RecordedQuestion(.promQL, of: "prometheus", "up", from: 1000)
            try marks.put(
                RecordedMark(
                    tool: "dr", set: set.name, answers: [.init(question, sha256: "00", text: "\(set.name)")],
                    sentinels: [.init(component: "grafana", nonce: "dr-\(set.name)-1", at: 1)],
                    omissions: set.name == second.name
                        ? [.init(component: "grafana", questions: 2, reason: "HTTP 500")] : []))
        }
        #expect(try marks.recorded(with: first.name)?.answers.first?.text == "\(first.name)")
        #expect(try marks.recorded(with: second.name)?.sentinels.first?.nonce == "dr-\(second.name)-1")
        #expect(try marks.recorded(with: first.name)?.omissions == nil)
        #expect(try marks.recorded(with: second.name)?.omissions?.first?.questions == 2)
        try await fixture.prune(grace: 0)
        #expect(try marks.recorded(with: first.name) == nil)
        #expect(try marks.recorded(with: second.name) != nil)
    }

    @Test func itsSizeIsBounded() {
        let answer = RecordedAnswer(RecordedQuestion(.documents, of: "a", "b"), sha256: "", text: "")
        let mark = RecordedMark(
            tool: "", set: Timestamp(seconds: 0), answers: Array(repeating: answer, count: 5000), sentinels: [])
        #expect(mark.answers.count == RecordedMark.longestList)
    }
}
