import Foundation
import Testing

@testable import BackupRepository

@Suite struct RecordedMarkTests {
    private static let language = RecordedQuery.Language(rawValue: "promql")

    @Test func `it is found by its set and goes with it`() async throws {
        let fixture = try PruneFixture()
        try fixture.write("a", [1])
        let first = try await fixture.backup()
        fixture.pass(hours: 2)
        try fixture.write("a", [2])
        let second = try await fixture.backup()
        let marks = Marks(try fixture.repository())
        for set in [first, second] {
            let question = RecordedQuery(Self.language, of: "prometheus", "up", from: 1000)
            try marks.put(
                RecordedMark(
                    tool: "dr", set: set.name, results: [.init(question, sha256: "00", text: "\(set.name)")],
                    canaries: [.init(component: "grafana", value: "dr-\(set.name)-1", at: 1)],
                    omissions: set.name == second.name
                        ? [.init(component: "grafana", queries: 2, reason: "HTTP 500")] : []))
        }
        #expect(try marks.recorded(with: first.name)?.results.first?.text == "\(first.name)")
        #expect(try marks.recorded(with: second.name)?.canaries.first?.value == "dr-\(second.name)-1")
        #expect(try marks.recorded(with: first.name)?.omissions == nil)
        #expect(try marks.recorded(with: second.name)?.omissions?.first?.queries == 2)
        try await fixture.prune(grace: 0)
        #expect(try marks.recorded(with: first.name) == nil)
        #expect(try marks.recorded(with: second.name) != nil)
    }

    @Test func `its size is bounded`() {
        let answer = RecordedResult(RecordedQuery(Self.language, of: "a", "b"), sha256: "", text: "")
        let mark = RecordedMark(
            tool: "", set: Timestamp(seconds: 0), results: Array(repeating: answer, count: 5000), canaries: [])
        #expect(mark.results.count == RecordedMark.longestList)
    }

    /// The words in the repository are those of format 1, whatever the program calls the things.
    @Test func `a mark is written and read with the words of the format`() throws {
        let text = #"""
            {"answers":[{"least":3,"question":{"component":"a","from":1,"language":"later","text":"x"},"sha256":"00",\#
            "text":"t"}],"at":"20261123T020000Z","format":1,"kind":"recorded","omissions":[{"component":"a",\#
            "questions":2,"reason":"r"}],"sentinels":[{"at":1,"component":"a","nonce":"dr-1"}],\#
            "set":"20261123T020000Z","tool":"dr"}
            """#
        let mark = try JSONDecoder().decode(RecordedMark.self, from: Data(text.utf8))
        #expect(mark.results.first?.query.language.rawValue == "later" && mark.results.first?.least == 3)
        #expect(mark.canaries.first?.value == "dr-1" && mark.omissions?.first?.queries == 2)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(String(decoding: try encoder.encode(mark), as: UTF8.self) == text)
    }
}
