import Testing

@testable import Prometheus

/// The choice of blocks that a heal puts back. Times are hours.
@Suite struct HealDecisionTests {
    private static let hour = 3_600_000

    private func meta(_ name: String, _ from: Int, _ to: Int, sources: [String]? = nil, parents: [String] = [])
        -> BlockMeta
    {
        let text = """
            {"ulid":"\(name)","minTime":\(from * Self.hour),"maxTime":\(to * Self.hour),"version":1,"compaction":{"level":1,
            "sources":\(list(sources ?? [name])),"parents":[\(parents.map { "{\"ulid\":\"\($0)\"}" }.joined(separator: ","))]}}
            """
        return BlockMeta(parsing: Array(text.utf8)) ?? BlockMeta.nothing
    }

    private func list(_ names: [String]) -> String { "[\(names.map { "\"\($0)\"" }.joined(separator: ","))]" }

    /// Live blocks of 10-12 and 14-16 o'clock; the head begins at 16, and it is 18 o'clock.
    private func decision(
        head: Int? = 16, retention: String? = "10d", live: [BlockMeta]? = nil, missing: Bool = false
    ) -> HealDecision {
        let blocks = live ?? [meta("A", 10, 12), meta("C", 14, 16)]
        var decision = HealDecision(
            live: blocks.map { .init(name: $0.ulid, meta: $0) }, head: head.map { $0 * Self.hour },
            retention: retention.map { PrometheusRetention($0) }, now: 18 * Self.hour)
        decision.restoresMissing = missing
        return decision
    }

    @Test func `a block in a gap is missing`() {
        #expect(decision().verdict(on: meta("B", 12, 14)) == .missing)
        #expect(decision(head: nil, retention: nil).verdict(on: meta("B", 12, 14)) == .missing)
        #expect(decision().hasGap)
    }

    @Test(arguments: [(11, 13), (10, 12), (13, 15), (15, 17), (12, 17), (17, 18)])
    func `a block of a time that the server has is covered`(from: Int, to: Int) {
        #expect(decision().verdict(on: meta("B", from, to)) == .covered)
    }

    @Test func `a block that a live block was compacted from does not come back`() {
        let live = [meta("A", 10, 12), meta("D", 14, 16, sources: ["B", "C"], parents: ["E"])]
        let decision = decision(live: live)
        #expect(decision.verdict(on: meta("B", 12, 14)) == .compacted)
        #expect(decision.verdict(on: meta("E", 12, 14)) == .compacted)
        #expect(decision.verdict(on: meta("F", 12, 14, sources: ["B", "C"])) == .compacted)
        #expect(decision.verdict(on: meta("F", 12, 14, sources: ["B", "X"])) == .missing)
    }

    @Test func `a block that retention removed does not come back`() {
        #expect(decision(retention: "8h").verdict(on: meta("B", 8, 10)) == .expired)
        #expect(decision(retention: "9h").verdict(on: meta("B", 8, 10)) == .missing)
        #expect(decision(retention: "8h", missing: true).verdict(on: meta("B", 8, 10)) == .expired)
    }

    @Test(arguments: ["512MiB", "10d or 512MiB", "something", nil])
    func `a block that a retention by size may have removed needs consent`(retention: String?) {
        #expect(decision(retention: retention).verdict(on: meta("B", 8, 10)) == .maybeExpired)
        #expect(decision(retention: retention, missing: true).verdict(on: meta("B", 8, 10)) == .missing)
        #expect(
            decision(retention: retention).verdict(on: meta("B", 12, 14)) == .missing, "retention removes the oldest")
    }

    @Test func `a block behind the newest one may be in the head of a server that is down`() {
        #expect(decision(head: nil).verdict(on: meta("B", 16, 18)) == .maybeInHead)
        #expect(decision(head: 18).verdict(on: meta("B", 16, 18)) == .missing)
    }

    @Test func `blocks replace a damaged one if they hold all of its sources`() {
        let damaged = meta("D", 10, 16, sources: ["A", "B", "C"])
        let decision = decision()
        #expect(decision.replaces([meta("A", 10, 12), meta("E", 12, 16, sources: ["B", "C"])], damaged))
        #expect(!decision.replaces([meta("A", 10, 12), meta("B", 12, 14)], damaged))
        #expect(!decision.replaces([meta("F", 10, 18, sources: ["A", "B", "C", "G"])], damaged))
        #expect(!decision.replaces([], meta("D", 10, 16, sources: [])))
    }

    @Test func `without a gap no backup has to be read`() {
        let whole = [meta("A", 10, 12), meta("B", 12, 16)]
        #expect(!decision(retention: "8h", live: whole).hasGap)
        #expect(!decision(retention: nil, live: whole).hasGap)
        #expect(decision(retention: "10d", live: whole).hasGap, "older blocks may be missing")
        #expect(decision(head: 17, retention: nil, live: whole).hasGap)
        #expect(decision(retention: nil, live: whole, missing: true).hasGap)
        #expect(decision(live: []).hasGap)
    }

    @Test func `hostile times do not trap`() {
        let end = 60_000_000
        let live = [meta("A", -end, end)]
        #expect(decision(live: live).verdict(on: meta("B", 0, 1)) == .covered)
        #expect(BlockMeta(parsing: Array("{}".utf8)) == nil)
    }
}

extension BlockMeta {
    fileprivate static var nothing: BlockMeta {
        BlockMeta(ulid: "", minTime: 0, maxTime: 0, stats: Stats(), version: 1)
    }
}
