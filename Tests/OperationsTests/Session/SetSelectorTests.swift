import BackupRepository
import Operations
import Testing

@Suite struct SetSelectorTests {
    private static func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    @Test(arguments: [
        ("20261128T230000Z", "20261128T230000Z"),
        ("2026-11-28T23:00:30Z", "20261128T230030Z"),
        ("2026-11-28T23:00:30+02:00", "20261128T210030Z"),
        // A minute or a day stands for its last second.
        ("2026-11-28T23:00", "20261128T230059Z"),
        ("2026-11-28 23:00", "20261128T230059Z"),
        ("2026-11-28", "20261128T235959Z"),
        // An age counts back from now; days are those of UTC.
        ("6h", "20261129T063000Z"),
        ("2d", "20261127T123000Z"),
        ("today", "20261129T235959Z"),
        ("yesterday", "20261128T235959Z"),
    ])
    func `a selector limits the search to sets at or before its time`(_ text: String, _ limit: String) throws {
        let selector = try #require(SetSelector(argument: text))
        #expect(selector.limit(now: try Self.time("20261129T123000Z")) == (try Self.time(limit)))
    }

    @Test func `latest has no limit`() throws {
        #expect(SetSelector(argument: "latest") == .latest)
        #expect(SetSelector.latest.limit(now: try Self.time("20261129T123000Z")) == nil)
    }

    @Test func `only a set's own name selects by name`() throws {
        #expect(SetSelector(argument: "20261128T230000Z") == .named(try Self.time("20261128T230000Z")))
        #expect(SetSelector(argument: "2026-11-28T23:00:00Z") == .at(try Self.time("20261128T230000Z")))
    }

    @Test(arguments: [
        "", "newest", "2026-02-30", "2026-02-30T10:00", "20260230T100000Z", "2026-11-28T",
        "2026-11-28T10:00T", "-6h", "6 fortnights",
    ])
    func `text that is not a time is refused`(_ text: String) { #expect(SetSelector(argument: text) == nil) }
}
