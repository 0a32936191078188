import BackupRepository
import Documents
import Lab
import Platform
import Testing

@testable import Components
@testable import Elasticsearch
@testable import Grafana

/// What is recorded with a set, and what the check makes of it.
@Suite struct RecordingTests {
    private static let set = Timestamp(seconds: 1_795_000_000)

    private static func verdict(
        _ fixture: StackFixture, _ mark: RecordedMark, facts: [String: String] = [:]
    ) async throws -> CheckResult {
        let stack = fixture.stack { stack in
            stack.set = set
            stack.recorded = mark
            for index in stack.components.indices
            where ["grafana", "elasticsearch"].contains(stack.components[index].name) {
                stack.components[index].facts = facts
            }
        }
        return try #require(await StackFixture.run("data_equality", stack).first)
    }

    private static func mark(_ record: SetRecorder.Record) -> RecordedMark {
        RecordedMark(tool: "dr", set: set, results: record.results, canaries: [], omissions: record.omissions)
    }

    private static func recorded(
        _ fixture: StackFixture, kind: String, facts: [String: String] = [:]
    ) async throws -> SetRecorder.Record {
        var component = fixture.component(kind)
        component.facts = facts
        return try await SetRecorder(
            CheckedStack(components: [component]), queries: [], pool: StackFixture.pool
        ).record()
    }

    // MARK: Elasticsearch

    private static let counts = ["documents by index": "jaeger-a 12, jaeger-b 5-9"]

    private static func cluster(_ first: Int, _ second: Int) throws -> StackFixture {
        try StackFixture([
            "/jaeger-a/_count": (200, #"{"count":\#(first),"_shards":{"failed":0}}"#),
            "/jaeger-b/_count": (200, #"{"count":\#(second),"_shards":{"failed":0}}"#),
        ])
    }

    /// The server holds more than the snapshot by the time it is asked.
    @Test func `documents are recorded as they were counted around the snapshot`() async throws {
        let record = try await Self.recorded(try Self.cluster(20, 30), kind: "elasticsearch", facts: Self.counts)
        #expect(record.results.map(\.text) == ["12 documents", "5 to 9 documents"])
        #expect(record.results.map(\.least) == [12, 5] && record.warnings == [] && record.omissions == [])
    }

    @Test(arguments: [
        (12, 5, true), (12, 9, true), (20, 30, true), (11, 5, false), (12, 4, false), (0, 0, false), (-1, 9, false),
        (Int.max, Int.max, true),
    ])
    func `an index with fewer documents than the set differs, one with more does not`(
        first: Int, second: Int, isEqual: Bool
    ) async throws {
        let mark = Self.mark(
            try await Self.recorded(try Self.cluster(1, 1), kind: "elasticsearch", facts: Self.counts))
        let result = try await Self.verdict(try Self.cluster(first, second), mark, facts: Self.counts)
        #expect(result.verdict == (isEqual ? .passed : .failed), "\(result)")
        if first == 11 { #expect(result.detail?.contains("12 documents then, 11 documents now") == true) }
    }

    /// As sets of before have it: the number itself.
    @Test func `an answer without a least number must be the same`() async throws {
        let fixture = try Self.cluster(12, 0)
        let question = RecordedQuery(.documents, of: "elasticsearch", "jaeger-a")
        let none = RecordedResult(question, sha256: "", text: "")
        var answer = try #require(try QueryComparison(fixture.stack()).difference(from: none))
        answer.least = nil
        let mark = RecordedMark(tool: "dr", set: Self.set, results: [answer], canaries: [])
        #expect(try await Self.verdict(fixture, mark, facts: Self.counts).verdict == .passed)
        #expect(try await Self.verdict(try Self.cluster(13, 0), mark, facts: Self.counts).verdict == .failed)
    }

    @Test(
        arguments: [
            (nil, [:]), ("", [:]), ("a 1", ["a": 1...1]), ("a 1-3, b 0", ["a": 1...3, "b": 0...0]),
            ("a 3-1, b -1, c 1-2-3, d, e x, f 99999999999999999999, g 1-, h 2", ["h": 2...2]),
        ] as [(String?, [String: ClosedRange<Int>])])
    func `counts of another form are ignored`(fact: String?, counts: [String: ClosedRange<Int>]) {
        #expect(IndexCounts(fact: fact).counts == counts)
    }

    @Test(arguments: [
        (1, 1, true), (1, 2, false), (2, 2, true), (0, 1, false),
    ])
    func `a cluster that has too few nodes for its replicas is sound`(
        replicas: Int, nodes: Int, isSound: Bool
    ) async throws {
        let fixture = try StackFixture([
            "/_cluster/health/": (
                200,
                #"{"status":"yellow","number_of_data_nodes":\#(nodes),"indices":{"a":{"status":"green"},"#
                    + #""b":{"status":"yellow","number_of_replicas":\#(replicas)}}}"#
            )
        ])
        let result = try #require(await StackFixture.run("elasticsearch_green", fixture.stack()).first)
        #expect(result.verdict == (isSound ? .passed : .failed), "\(result)")
    }

    // MARK: Grafana

    private static let v2 = "/apis/dashboard.grafana.app/v2beta1/namespaces/default/dashboards/a"

    private static func grafana(_ changes: StackFixture.Pages = [:]) throws -> StackFixture {
        let pages: StackFixture.Pages = [
            "/api/orgs": (403, "{}"), "/api/search": (200, #"[{"uid":"a"}]"#),
            "/api/dashboards/uid/a": (
                406, #"{"message":"dashboard api version not supported, use \#(v2) instead"}"#
            ),
            v2: (200, #"{"apiVersion":"x","metadata":{"name":"a","generation":7},"spec":{"title":"A"}}"#),
        ]
        return try StackFixture(pages.merging(changes) { $1 })
    }

    @Test func `a dashboard of schema v2 is recorded and compared`() async throws {
        let record = try await Self.recorded(try Self.grafana(), kind: "grafana")
        #expect(record.results.map(\.text) == ["1 dashboard", "'A'"] && record.warnings == [])
        let fixtures = [
            // The server's own numbers are another's.
            (try Self.grafana([Self.v2: (200, #"{"metadata":{"name":"a"},"spec":{"title":"A"}}"#)]), true),
            (try Self.grafana([Self.v2: (200, #"{"metadata":{"name":"a"},"spec":{"title":"B"}}"#)]), false),
            (try Self.grafana([Self.v2: (404, "{}")]), false),
        ]
        for (fixture, isEqual) in fixtures {
            let result = try await Self.verdict(fixture, Self.mark(record), facts: ["dashboards": "1"])
            #expect(result.verdict == (isEqual ? .passed : .failed), "\(result)")
        }
    }

    @Test func `grafana_dashboards fetches a dashboard of schema v2`() async throws {
        for (fixture, isSound) in [
            (try Self.grafana(), true), (try Self.grafana([Self.v2: (500, "no such table")]), false),
            (try Self.grafana([Self.v2: (404, "{}")]), false),
            (try Self.grafana(["/api/dashboards/uid/a": (406, #"{"message":"no"}"#)]), false),
        ] {
            let result = try #require(await StackFixture.run("grafana_dashboards", fixture.stack()).first)
            #expect(result.verdict == (isSound ? .passed : .failed), "\(result)")
        }
    }

    @Test(arguments: [
        ("use /apis/dashboard.grafana.app/v2/namespaces/default/dashboards/a instead", true),
        ("use '/apis/dashboard.grafana.app/v2alpha1/namespaces/org-2/dashboards/a', please", true),
        ("/apis/dashboard.grafana.app/v2/namespaces/default/dashboards/a?x=1", true),
        ("use /apis/dashboard.grafana.app/v2/namespaces/default/dashboards/b instead", false),
        ("use /apis/dashboard.grafana.app/v2/namespaces/default/folders/a instead", false),
        ("use /apis/other.grafana.app/v2/namespaces/default/dashboards/a instead", false),
        ("use /apis/dashboard.grafana.app/v2/a instead", false), ("", false),
    ])
    func `only the address of the same dashboard is followed`(words: String, isFollowed: Bool) {
        #expect((ResourceAddress.segments(in: words, of: "a") != nil) == isFollowed)
    }

    /// As many as the export sees, whatever the server's page is.
    @Test func `pages that the server cuts short lose no dashboard`() async throws {
        let fixture = try StackFixture { request, _ in
            guard request.target.hasPrefix("/api/search") else { return .reply(.response(403, [], "{}")) }
            let page =
                Int(request.target.split(separator: "&").first { $0.hasPrefix("page=") }?.dropFirst(5) ?? "") ?? 0
            let uids = (0..<250).dropFirst((page - 1) * 100).prefix(100).map { #"{"uid":"d\#($0)"}"# }
            return .reply(.response(200, [], "[\(uids.joined(separator: ","))]"))
        }
        let found = try await StackFixture.pool.run { try fixture.grafana.dashboards(nil) }
        #expect(found.count == 250)
    }

    // MARK: What was not recorded

    @Test func `a question that was not recorded is not called equal`() async throws {
        let broken = try Self.grafana(["/api/dashboards/uid/a": (500, "no such table")])
        let record = try await Self.recorded(broken, kind: "grafana")
        #expect(record.results.count == 1 && record.warnings.count == 1)
        #expect(record.omissions.map(\.queries) == [1])
        let result = try await Self.verdict(try Self.grafana(), Self.mark(record), facts: ["dashboards": "1"])
        #expect(result.verdict == .passed && result.measured == "1 of 1 results equal, 1 not recorded")
        #expect(result.detail?.contains("grafana: 'a'") == true, "\(result)")
        #expect(result.detail?.contains("elasticsearch: no recorded queries") == true)
    }

    @Test func `questions beyond the number that is recorded are counted`() async throws {
        let fact = (0..<250).map { "i\($0) 1" }.joined(separator: ", ")
        let record = try await Self.recorded(
            try StackFixture([:]), kind: "elasticsearch", facts: ["documents by index": fact])
        #expect(record.results.count == 200 && record.omissions.map(\.queries) == [50])
    }

    @Test func `a mark with impossible numbers is read without harm`() async throws {
        let mark = RecordedMark(
            tool: "dr", set: Self.set,
            results: [
                RecordedResult(RecordedQuery(.documents, of: "elasticsearch", "jaeger-a"), sha256: "", text: "")
            ],
            canaries: [],
            omissions: [Int.max, Int.max, Int.min, -1].map {
                RecordedOmission(component: "grafana", queries: $0, reason: String(repeating: "x", count: 500))
            })
        let result = try await Self.verdict(try Self.cluster(1, 1), mark, facts: Self.counts)
        #expect(result.verdict == .failed && result.measured.hasSuffix("1000000 not recorded"), "\(result)")
    }
}
