import BackupRepository
import HTTP
import Lab
import Platform
import Testing

@testable import Components
@testable import Prometheus

@Suite struct PromQLTests {
    private static func answer(_ type: String, _ result: String) -> String {
        #"{"status":"success","data":{"resultType":"\#(type)","result":\#(result)}}"#
    }

    private static func histogram(_ count: Int, buckets: String) -> String {
        answer(
            "vector",
            #"[{"metric":{"job":"a"},"histogram":[1,{"count":"\#(count)","sum":"1.5","buckets":[\#(buckets)]}]}]"#)
    }

    private func equality(_ then: String, _ now: String) async throws -> CheckResult {
        let fixture = try StackFixture { _, number in .reply(.response(200, [], number == 0 ? then : now)) }
        var component = fixture.component("prometheus")
        component.facts = [:]
        var stack = CheckedStack(components: [component])
        let question = RecordedQuery(.promQL, of: "prometheus", "x", from: 1000)
        let recorded = try await StackFixture.pool.run { [stack] in try QueryComparison(stack).record(question) }
        let answer = try #require(recorded)
        stack.set = Timestamp(seconds: 1)
        stack.recorded = RecordedMark(tool: "t", set: Timestamp(seconds: 1), results: [answer], canaries: [])
        return try #require(await StackFixture.run("data_equality", stack).first)
    }

    @Test(
        arguments: [
            // The number of observations is the same, one bucket is not.
            (
                histogram(3, buckets: #"[0,"0","1","1"],[0,"1","2","2"]"#),
                histogram(3, buckets: #"[0,"0","1","2"],[0,"1","2","1"]"#)
            ),
            (histogram(3, buckets: ""), histogram(4, buckets: "")),
            (answer("string", #"[1,"a"]"#), answer("string", #"[1,"b"]"#)),
            (answer("scalar", #"[1,"1"]"#), answer("scalar", #"[1,"2"]"#)),
            (
                answer("matrix", #"[{"metric":{"a":"b"},"values":[[1,"1"],[2,"2"]]}]"#),
                answer("matrix", #"[{"metric":{"a":"b"},"values":[[1,"1"],[2,"3"]]}]"#)
            ),
            (
                answer("matrix", #"[{"metric":{"a":"b"},"histograms":[[1,{"count":"1"}]]}]"#),
                answer("matrix", #"[{"metric":{"a":"b"},"histograms":[[1,{"count":"2"}]]}]"#)
            ),
        ])
    func `answers of every type differ where their content does`(one: String, other: String) async throws {
        #expect(try await equality(one, one).verdict == .passed)
        #expect(try await equality(one, other).verdict == .failed)
    }

    @Test func `the message gives a difference between histograms in observations`() async throws {
        let result = try await equality(Self.histogram(132, buckets: ""), Self.histogram(279, buckets: ""))
        #expect(
            result.detail
                == "prometheus: x: histogram with 132 observations then, histogram with 279 observations now")
    }

    /// Versions before recorded a histogram as an empty text.
    @Test func `an empty histogram result recorded by an older version is not a difference`() async throws {
        let former = Self.answer("vector", #"[{"metric":{"job":"a"},"value":[1,""]}]"#)
        #expect(try await equality(former, Self.histogram(3, buckets: "")).verdict == .passed)
    }

    @Test(
        arguments: [
            (0, "0"), (0.0042, "0.004"), (0.0333, "0.03"), (0.34, "0.3"), (9.96, "10.0"), (10.4, "10"),
            (1203.6, "1204"),
            (1e300, nil), (.infinity, nil), (.nan, nil),
        ] as [(Double, String?)])
    func `a small rate of samples is never shown as zero`(rate: Double, text: String?) {
        let shown = Ingestion.text(rate)
        if let text { #expect(shown == text) }
    }

    @Test func `ingestion waits as long as the server's own intervals need`() async throws {
        func verdict(patience: Duration?, interval: Duration?) async throws -> CheckResult {
            // Samples come between the third look and the fourth, two seconds after the first.
            let fixture = try StackFixture { _, number in
                .reply(.response(200, [], "prometheus_tsdb_head_samples_appended_total \(number < 3 ? 7 : 8)\n"))
            }
            let component = fixture.component("prometheus", interval: interval)
            let check = Ingestion(component, fixture.prometheus) { patience }
            let runner = CheckRunner(pool: StackFixture.pool, timeLimit: Patience.long)
            return try #require(await runner.run([check]).first)
        }
        let short = try await verdict(patience: .seconds(1), interval: nil)
        #expect(short.verdict == .failed && short.measured == "0 samples in 1.0 seconds")
        #expect(try await verdict(patience: .seconds(30), interval: nil).verdict == .passed)
        #expect(try await verdict(patience: nil, interval: nil).verdict == .passed)
        // A user's own interval counts more.
        #expect(try await verdict(patience: .seconds(30), interval: .seconds(1)).verdict == .failed)
    }

    @Test(arguments: ["NaN", "+Inf", "1e300", "-1e300", "x"])
    func `no value of the counter ends the check`(value: String) async throws {
        let fixture = try StackFixture { _, number in
            .reply(
                .response(200, [], "prometheus_tsdb_head_samples_appended_total \(number == 0 ? "7" : value)\n"))
        }
        let stack = CheckedStack(components: [fixture.component("prometheus", interval: .seconds(1))])
        #expect(await StackFixture.run("ingestion", stack).count == 1)
    }
}
