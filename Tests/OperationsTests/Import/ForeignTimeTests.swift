import BackupRepository
import Testing

@testable import Operations

@Suite struct ForeignTimeTests {
    @Test(
        arguments: [
            ("20260901T020000Z", "20260901T020000Z"), ("20260901020000", "20260901T020000Z"),
            ("202609010200", "20260901T020000Z"), ("2026-09-01_02-00-00", "20260901T020000Z"),
            ("2026-09-01T02:00:00Z", "20260901T020000Z"), ("2026-09-01T02:00:00.123456789+02:00", "20260901T000000Z"),
            ("2026-09-01T02:00:00-0530", "20260901T073000Z"), ("2026-09-01", "20260901T000000Z"),
            ("20260901", "20260901T000000Z"), ("backup-20260901_0200", "20260901T020000Z"),
            ("1788228000", "20260901T020000Z"), ("1788228000000", "20260901T020000Z"),
            ("2026-09-01 02:00:00 ", nil), ("latest", nil), ("20261301T020000Z", nil), ("20260931", nil),
            ("12345", nil),
            ("", nil), ("2026-09-01T02:00:00+99:00", nil), ("20260901T020000Z.old", nil),
        ] as [(String, String?)])
    func `a name has a time in one of the usual notations`(_ name: String, _ time: String?) {
        #expect(ForeignTime.parse(name)?.description == time)
    }

    @Test(arguments: [
        (0, false), (900, false), (901, true), (7200, true), (14 * 3600 + 900, true), (14 * 3600 + 901, false),
        (-1, false),
    ])
    func `a name in local time is later than the last write`(later: Int, isLocal: Bool) throws {
        let name = try #require(Timestamp("20260901T020000Z"))
        #expect(ForeignTime.isLocal(name, lastWrite: name.seconds - later) == isLocal)
    }

    @Test(arguments: [Int.min, .min + 1, -1, 0, .max - 1, .max])
    func `an impossible last write is no sign of local time`(lastWrite: Int) throws {
        for name in ["19700101T000000Z", "20260901T020000Z", "99991231T235959Z"] {
            #expect(ForeignTime.isLocal(try #require(Timestamp(name)), lastWrite: lastWrite) == false)
        }
    }

    @Test func `an offset applies to names without a zone only`() {
        #expect(ForeignTime.parse("202609010200", offset: 7200)?.description == "20260901T000000Z")
        #expect(ForeignTime.parse("20260901T020000Z", offset: 7200)?.description == "20260901T020000Z")
        #expect(UTCOffset(argument: "+05:30")?.seconds == 19_800)
        #expect(UTCOffset(argument: "-0100")?.seconds == -3600)
        #expect(UTCOffset(argument: "5") == nil)
    }
}
