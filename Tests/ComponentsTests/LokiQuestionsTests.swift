import BackupRepository
import Foundation
import HTTP
import Lab
import Platform
import Testing

@testable import Components
@testable import Loki

/// Which questions are recorded for Loki, and what they notice.
@Suite struct LokiQuestionsTests {
    static let start = 1_795_400_000

    private struct Site {
        var folder: TemporaryFolder
        var loki: LokiStandIn
        var stack: CheckedStack

        /// - Parameter lines: one a second, in one stream.
        init(lines: Int, isMultitenant: Bool = false) async throws {
            folder = try TemporaryFolder("loki-questions")
            var options = LokiStandIn.Options()
            options.isMultitenant = isMultitenant
            loki = try await LokiStandIn(
                data: folder.url,
                contract: try APIContract(
                    contentsOf: Checkout.url("fixtures/contracts/loki.json")),
                options)
            let all = (0..<lines).map {
                LokiChunk.Line(time: (LokiQuestionsTests.start + $0) * 1_000_000_000, text: Array("line \($0)".utf8))
            }
            try loki.store.push(tenant: "fake", labels: ["app": "a"], lines: all)
            var component = StackFixture.component("loki", url: loki.url)
            component.watermark = (LokiQuestionsTests.start + 1999) * 1000
            component.captured = (LokiQuestionsTests.start + 2600) * 1000
            stack = CheckedStack(components: [component])
        }
    }

    @Test func `a busy stream that lacks its newest seconds is noticed`() async throws {
        let (whole, late) = (try await Site(lines: 2000), try await Site(lines: 1978))
        let questions = try await StackFixture.pool.run {
            try #require(try whole.stack.components[0].recorder()).derived()
        }
        #expect(questions.map(\.language) == [.logLines, .logQL, .logLines, .logQL])
        for question in questions {
            let (answer, now) = try await StackFixture.pool.run {
                let answer = try QueryComparison(whole.stack).record(question)
                return (answer, try answer.flatMap { try QueryComparison(late.stack).difference(from: $0) })
            }
            #expect(answer != nil && now != nil, "\(question)")
        }
        // As sets of older versions have it: the first lines, which both have.
        let old = RecordedQuery(
            .logLines, of: "loki", "{app=\"a\"}", from: Self.start * 1000, to: (Self.start + 1999) * 1000 + 1)
        let (answer, now) = try await StackFixture.pool.run {
            let answer = try QueryComparison(whole.stack).record(old)
            return (answer, try answer.flatMap { try QueryComparison(late.stack).difference(from: $0) })
        }
        #expect(answer?.text == "1000 lines" && now == nil)
        #expect(whole.loki.server.violations == [])
        await whole.loki.stop()
        await late.loki.stop()
    }

    @Test func `recorded queries end before the time of data that clients may not have pushed yet`() async throws {
        let site = try await Site(lines: 2000)
        var component = site.stack.components[0]
        component.captured = component.watermark.map { $0 + 2000 }
        let asked = component
        let questions = try await StackFixture.pool.run { try #require(try asked.recorder()).derived() }
        #expect(questions.allSatisfy { $0.language != .logQL || $0.from == (Self.start + 1991) * 1000 })
        await site.loki.stop()
    }

    @Test func `a Loki that wants a tenant is explained with the setting`() async throws {
        let site = try await Site(lines: 1, isMultitenant: true)
        let failure = await #expect(throws: CheckFailure.self) {
            try await StackFixture.pool.run {
                _ = try #require(try site.stack.components[0].recorder()).derived()
            }
        }
        #expect(failure?.reason.contains("no org id") == true && failure?.reason.contains("`checks: {tenants") == true)
        await site.loki.stop()
    }
}
