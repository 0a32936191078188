import Documents
import Testing

@testable import Alertmanager

/// Silences as the API gives them.
@Suite struct SilenceTests {
    static let valid: JSONValue = [
        "id": "a", "status": ["state": "active"], "updatedAt": "2026-11-29T01:06:10.379Z", "comment": "c",
        "createdBy": "ann", "startsAt": "2026-11-29T01:06:10.379Z", "endsAt": "2026-11-29T03:00:00.000Z",
        "matchers": [
            ["name": "job", "value": "x.*", "isRegex": true, "isEqual": false],
            ["name": "alertname", "value": "Do\"wn", "isRegex": false],
        ],
    ]

    @Test func `a silence is read with its matchers in one order and without its state`() throws {
        let silence = try Silence(Self.valid)
        #expect(silence.matching == #"{alertname="Do\"wn", job!~"x.*"}"#)
        #expect(silence.document["status"] == nil)
        var turned = Self.valid
        turned["matchers"] = .array((Self.valid["matchers"]?.array ?? []).reversed())
        #expect(try Silence(turned).document.document == silence.document.document)
        #expect(try Silence(silence.document) == silence)
    }

    @Test func `the state follows from the times`() throws {
        let silence = try Silence(Self.valid)
        #expect(silence.state(at: silence.startsAt - 1) == .pending)
        #expect(silence.state(at: silence.startsAt) == .active)
        #expect(silence.state(at: silence.endsAt - 1) == .active)
        #expect(silence.state(at: silence.endsAt) == .expired)
    }

    @Test(
        arguments: [
            ("id", .null), ("id", ""), ("id", 7), ("matchers", .null), ("matchers", []), ("matchers", ["x"]),
            ("matchers", [["name": "a"]]), ("matchers", [["name": "a", "value": 1, "isRegex": false]]),
            ("startsAt", .number("1e300")), ("startsAt", "soon"), ("endsAt", .number("9e999")),
            ("endsAt", "99999-01-01T00:00:00.000Z"),
            ("endsAt", "2026-11-29T03:00:00.000Z; rm"), ("endsAt", ["x"]),
        ] as [(String, JSONValue)])
    func `a silence with a member of the wrong kind is refused`(name: String, value: JSONValue) {
        var silence = Self.valid
        silence[name] = value
        #expect(throws: SilenceDefect.self) { _ = try Silence(silence) }
    }

    @Test(arguments: [
        ("2026-11-29T01:06:10.379Z", 1_795_914_370_379), ("2026-11-29T01:06:10Z", 1_795_914_370_000),
        ("2026-11-29T02:06:10.5+01:00", 1_795_914_370_500), ("2026-11-29T01:06:10.1234567Z", 1_795_914_370_123),
    ])
    func `a time is read to the millisecond`(text: String, time: Int) {
        #expect(Instant.milliseconds(text) == time)
    }

    @Test func `a time is written as it is read`() {
        #expect(Instant.text(1_795_914_370_379) == "2026-11-29T01:06:10.379Z")
        #expect(Instant.milliseconds(Instant.text(.max)) == 253_402_300_799_999)
        #expect(Instant.milliseconds(Instant.text(.min)) == 0)
    }

    @Test func `a list tells entries that are not silences from those that are`() throws {
        var other = Self.valid
        other["comment"] = "another"
        let list = SilenceList([Self.valid, "x", Self.valid, other, ["id": "b"]], time: nil)
        #expect(list.silences == [try Silence(Self.valid)])
        #expect(list.defects.map(\.index) == [1, 3, 4])
    }

    @Test func `the ends are read back from their text`() throws {
        let silence = try Silence(Self.valid)
        let ends = SilenceEnds([silence, silence])
        #expect(SilenceEnds(fact: ends.text) == ends)
        #expect(ends.remaining(at: silence.endsAt - 60_001) == 2)
        #expect(ends.remaining(at: silence.endsAt + 1) == 0)
    }

    @Test(arguments: [
        nil, "", "x", "1:", "1:2:3", "1:-5", "9999999999999999999:1", "1:99999999999999999", "a:b 5:2",
    ])
    func `silence ends count only valid numbers in hostile text`(text: String?) {
        #expect([0, 2].contains(SilenceEnds(fact: text).remaining(at: 0)))
        #expect(SilenceEnds(fact: "5:9007199254740992 5:9007199254740992").remaining(at: .min) > 0)
    }

    @Test func `a long list of ends stays short and never counts too many`() throws {
        let silences = try (0..<2_000).map { index in
            var value = Self.valid
            value["endsAt"] = .string(Instant.text(1_800_000_000_000 + index * 60_000))
            return try Silence(value)
        }
        let ends = SilenceEnds(fact: SilenceEnds(silences).text)
        #expect(ends.counts.count == 500)
        #expect(ends.remaining(at: 0) == 2_000)
        #expect(ends.remaining(at: 1_800_000_000_000 + 600 * 60_000) == 0)
    }
}
