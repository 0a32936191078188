import Foundation
import Testing

@testable import Retention

@Suite struct ZoneFileTests {
    /// Foundation reads zones from ICU's copy of the database, so it is another reader of other files.
    @Test(arguments: [
        "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Tehran",
        "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll", "America/St_Johns",
    ]) func `offsets are those of another reader`(_ name: String) throws {
        let file = try #require(ZoneFile(name))
        let zone = try #require(TimeZone(identifier: name))
        // From 1971 to 2037, every 11 hours and some seconds.
        for time in stride(from: 31_536_000, to: 2_145_916_800, by: 39_623) {
            let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time)))
            guard file.offset(at: time) != expected else { continue }
            Issue.record("\(name) at \(time): \(file.offset(at: time)) and not \(expected)")
            return
        }
    }

    @Test(arguments: [
        ("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_799, 3600), ("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_800, 7200),
        ("CET-1CEST,M3.5.0,M10.5.0/3", 1_729_990_799, 7200), ("CET-1CEST,M3.5.0,M10.5.0/3", 1_729_990_800, 3600),
        // The southern summer spans the new year.
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_704_067_200, 39_600),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_719_792_000, 36_000),
        ("<-03>3", 0, -10_800), ("EST5EDT,J60,J300", 1_709_276_399, -18_000), ("IST-5:30", 0, 19_800),
    ]) func `a rule gives the offset`(text: String, time: Int, offset: Int) throws {
        #expect(try #require(ZoneRule(text)).offset(at: time) == offset)
    }

    @Test(arguments: [
        "", "C", "CET", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "<x", "CET-1CEST,J400,J1", "CET-9999",
    ])
    func `a wrong rule is refused`(_ text: String) { #expect(ZoneRule(text) == nil) }

    @Test(arguments: ["../../etc/passwd", "/etc/passwd", "Europe/Nowhere", "", "Europe", "tzdata.zi", "a\0b"])
    func `a name that is not a zone is refused`(_ name: String) { #expect(ZoneFile(name) == nil) }

    @Test func `a zone that the machine lacks comes from the next folder`() throws {
        let folder = URL.temporaryDirectory.appending(path: "zones-\(UUID().uuidString)/Europe")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let own = folder.appending(path: "Nowhere")
        try FileManager.default.copyItem(at: URL(filePath: "/usr/share/zoneinfo/Asia/Kolkata"), to: own)
        try Data("damaged".utf8).write(to: folder.appending(path: "Berlin"))
        let copy = folder.deletingLastPathComponent().path
        #expect(ZoneFile("Europe/Nowhere", folders: ["/usr/share/zoneinfo"]) == nil)
        #expect(ZoneFile("Europe/Nowhere", folders: ["/usr/share/zoneinfo", copy])?.offset(at: 0) == 19_800)
        #expect(ZoneFile("Europe/Berlin", folders: [copy, "/usr/share/zoneinfo"])?.offset(at: 0) == 3600)
    }

    @Test func `a damaged file never traps`() throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
        for length in 0..<min(bytes.count, 400) { _ = ZoneFile(bytes: Array(bytes[..<length]))?.offset(at: 0) }
        for position in bytes.indices {
            for value: UInt8 in [0, 0x7f, 0xff] {
                var damaged = bytes
                damaged[position] = value
                _ = ZoneFile(bytes: damaged)?.offset(at: 1_700_000_000)
            }
        }
    }
}
