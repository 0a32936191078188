import Testing

@testable import BackupRepository

@Suite struct FileTimeTests {
    @Test(arguments: [
        (0, 0, 0), (1_700_000_000_123_456_789, 1_700_000_000, 123_456_789), (-1, -1, 999_999_999),
        (-1_000_000_000, -1, 0), (Int.max, 9_223_372_036, 854_775_807),
        (-9_223_372_036_000_000_001, -9_223_372_037, 999_999_999),
    ]) func `nanoseconds become seconds and a rest`(total: Int, seconds: Int, nanoseconds: Int) {
        let time = FileTime(nanoseconds: total)
        #expect(time.seconds == seconds && time.nanoseconds == nanoseconds)
        if total > -9_223_372_036_000_000_000 { #expect(time.totalNanoseconds == total) }
    }

    @Test(arguments: [9_999_999_999, 15_000_000_000, Int.max, -9_999_999_999, Int.min])
    func `a time outside of the years 1677 to 2262 is kept, and counts as the nearest`(seconds: Int) throws {
        let time = try #require(FileTime(seconds: seconds, nanoseconds: 999_999_999))
        #expect(time.totalNanoseconds == nil && time.nearestNanoseconds == (seconds > 0 ? .max : .min))
        var record = FileRecord(
            path: [1], kind: .file, size: 1, mode: 0, uid: 0, gid: 0, modified: time, inode: 1)
        let catalog = try Catalog(path: nil)
        let place = Location(pack: 1, member: 0)
        try catalog.insert([
            CatalogEntry(record: record, digest: [UInt8](repeating: 1, count: 32), described: place, content: place)
        ])
        #expect(try catalog.entry([1])?.record == record)
        #expect(try catalog.compare { try $0(record) }.fresh == 0)
        record.modified = try #require(FileTime(seconds: seconds, nanoseconds: 999_999_998))
        #expect(try catalog.compare { try $0(record) }.fresh == 1, "a nanosecond is a difference")
    }

    @Test(arguments: [-1, 1_000_000_000, Int.max]) func `a rest out of range is not a time`(nanoseconds: Int) {
        #expect(FileTime(seconds: 0, nanoseconds: nanoseconds) == nil)
    }
}
