import Archiving
import BackupRepository
import Foundation
import Lab
import Testing

@testable import Loki

/// Write-ahead logs and the active TSDB index.
@Suite struct LogAndIndexTests {
    private static let segment = "wal/00000000"

    /// A site whose log has lines in one segment, and more in a second one.
    private func site() throws -> LokiSite {
        let site = try LokiSite()
        for round in 0..<2 {
            let store = try LokiStore(data: site.data)
            for number in 0..<40 {
                try store.push(
                    tenant: "t1", labels: ["app": "\(round)-\(number)"], lines: LokiSite.lines(30, from: 1_795_400_000))
            }
        }
        return site
    }

    private func damage(_ bytes: [UInt8], _ path: String) -> [Damage] {
        guard let inspector = LokiInspection.inspector(of: path) else { return [Damage(path: path, reason: "none")] }
        for start in stride(from: 0, to: bytes.count, by: 1000) {
            inspector.write(bytes.span.bytes.extracting(start..<min(start + 1000, bytes.count)))
        }
        return inspector.finish()
    }

    @Test func `a flipped bit of a log segment is found, and a torn end is not damage`() throws {
        let bytes = try site().read(Self.segment)
        #expect(bytes.count > 40_000, "more than one page")
        #expect(damage(bytes, Self.segment) == [])
        for place in stride(from: 0, to: bytes.count, by: 331) {
            var flipped = bytes
            flipped[place] ^= 1 << UInt8(place & 7)
            #expect(damage(flipped, Self.segment).count == 1, "at \(place)")
        }
        for count in [0, 1, 6, 7, 100, 32_768, 32_770, bytes.count - 1] {
            #expect(damage(Array(bytes.prefix(count)), Self.segment) == [], "\(count) bytes")
        }
    }

    @Test func `a damaged log is kept up to the damage, and named`() async throws {
        let site = try site()
        var bytes = try site.read(Self.segment)
        bytes[20_000] ^= 1
        try site.write(Self.segment, bytes)
        let capture = try await site.source().capture(site.context)
        let damage = try await capture.examine([])
        #expect(damage.count == 1 && damage[0].path.hasPrefix("\(Self.segment) from byte "))
        #expect(site.copied(capture).count { $0.hasPrefix("wal/") } == 2, "Loki refuses a log that lacks a segment")
        let kept = try #require(FileManager.default.contents(atPath: "\(capture.root)/\(Self.segment)"))
        #expect(kept.count > 10_000 && kept.count < 20_000 && [UInt8](kept) == Array(bytes.prefix(kept.count)))
        #expect(self.damage([UInt8](kept), Self.segment) == [])
        // Lines are missing: the newest datum is not known.
        site.walk(capture)
        #expect(capture.watermark == nil && capture.facts["wal"] == "missing")
        try await capture.release()
    }

    @Test func `every flipped bit of an active TSDB is found`() throws {
        let files = LokiFixture.indexes.filter { $0.path.hasSuffix(".tsdb.gz") }
        #expect(files.count >= 3)
        for file in files {
            let path = "tsdb-shipper-active/multitenant/index_20780/1.tsdb"
            let bytes = try GzipStream.decode(file.bytes, limit: 1 << 24)
            #expect(damage(bytes, path) == [], "\(file.path)")
            for count in [0, 4, 80, bytes.count / 2, bytes.count - 1] {
                #expect(!damage(Array(bytes.prefix(count)), path).isEmpty, "\(count) bytes")
            }
            var unnoticed = 0
            for place in bytes.indices where place != 4 {
                var flipped = bytes
                flipped[place] ^= 1 << UInt8(place & 7)
                if damage(flipped, path).isEmpty { unnoticed += 1 }
            }
            // Zeros between sections are in no checksum.
            #expect(unnoticed < bytes.count / 20, "\(unnoticed) of \(bytes.count)")
        }
    }
}
