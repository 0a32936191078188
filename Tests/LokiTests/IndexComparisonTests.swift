import Archiving
import BackupRepository
import Components
import Foundation
import Lab
import Testing

@testable import Loki

/// The comparison of index and chunks.
@Suite struct IndexComparisonTests {
    private func compare(
        _ site: LokiSite, active: [String] = [], fresh: [ClosedRange<Int>] = []
    ) throws -> IndexComparison.Findings {
        try IndexComparison(
            chunks: site.chunks.path, active: active.map { site.data.appending(path: $0).path }, fresh: fresh
        ).run()
    }

    private func chunks(_ site: LokiSite) -> [String] {
        site.paths("chunks").filter { if case .chunk = LokiPath("chunks/\($0)") { true } else { false } }
    }

    @Test(arguments: [("v13-tsdb-compacted", 2), ("v13-tsdb-shipped", 1)])
    func `index and chunks of a real Loki agree`(fixture: String, files: Int) throws {
        #expect(try compare(try LokiSite(fixture)) == IndexComparison.Findings(chunks: 3, files: files))
    }

    @Test(arguments: ["v13-tsdb-compacted", "v13-tsdb-shipped"])
    func `a missing chunk is found for each tenant`(fixture: String) throws {
        for number in 0..<3 {
            let site = try LokiSite(fixture)
            let chunk = chunks(site)[number]
            try FileManager.default.removeItem(at: site.chunks.appending(path: chunk))
            let found = try compare(site)
            #expect(found.missing == 1 && found.firstMissing == chunk && found.unlisted == 0)
        }
    }

    @Test func `a chunk that no index lists is found`() throws {
        let site = try LokiSite("v13-tsdb-compacted")
        let file = LokiChunk(tenant: "t1", labels: ["app": "x"], lines: LokiSite.lines(3)).file()
        try site.write("chunks/\(file.path)", file.bytes)
        let found = try compare(site)
        #expect(found.unlisted == 1 && found.firstUnlisted == file.path && found.missing == 0)
        // Chunks that were stored while the index was copied.
        let late = try compare(site, fresh: [Int(Date().timeIntervalSince1970) - 60...Int.max])
        #expect(late.fresh >= 1 && late.unlisted == 0)
    }

    @Test(arguments: LokiFixture.folders.filter { $0.contains("boltdb") })
    func `references in bolt files of a real Loki are compared`(fixture: String) throws {
        let site = try LokiSite(fixture)
        #expect(try compare(site) == IndexComparison.Findings(chunks: 2, files: 1))
        let index = try #require(site.paths("chunks").first { $0.hasPrefix("index/index_") })
        // As an active file, which is not compressed and may be a snapshot.
        let plain = try GzipStream.decode(try site.read("chunks/\(index)"), limit: 1 << 24)
        try FileManager.default.removeItem(at: site.chunks.appending(path: index))
        #expect(try compare(site).unlisted == 2)
        try site.write("boltdb-shipper-active/index_20780/1795403100", plain)
        #expect(
            try compare(site, active: ["boltdb-shipper-active"]) == IndexComparison.Findings(chunks: 2))
        try site.write("boltdb-shipper-active/index_20780/1795403100", Array(plain.prefix(9000)))
        #expect(
            try compare(site, active: ["boltdb-shipper-active"]) == IndexComparison.Findings(chunks: 2, unknown: 2))
        try site.write("boltdb-shipper-active/index_20780/1795403100.snapshot", plain)
        #expect(
            try compare(site, active: ["boltdb-shipper-active"]) == IndexComparison.Findings(chunks: 2))
        try FileManager.default.removeItem(at: site.chunks.appending(path: chunks(site)[0]))
        #expect(try compare(site, active: ["boltdb-shipper-active"]).missing == 1)
    }

    @Test func `references in the log of the active index count`() throws {
        let site = try LokiSite()
        let store = try LokiStore(data: site.data)
        for number in 0..<30 {
            try store.push(tenant: "t\(number % 3)", labels: ["app": "\(number)"], lines: LokiSite.lines(2))
        }
        try store.flush()
        #expect(try compare(site).unlisted == 30)
        #expect(try compare(site, active: ["tsdb-shipper-active"]) == IndexComparison.Findings(chunks: 30))
        try FileManager.default.removeItem(at: site.chunks.appending(path: chunks(site)[7]))
        #expect(try compare(site, active: ["tsdb-shipper-active"]).missing == 1)
        try store.ship()
        #expect(try compare(site).missing == 1)
        try store.compact()
        #expect(try compare(site).missing == 1)
    }

    @Test func `a damaged index file is named`() throws {
        let site = try LokiSite("v13-tsdb-compacted")
        let index = try #require(site.paths("chunks").first { $0.hasSuffix(".tsdb.gz") })
        let bytes = try site.read("chunks/\(index)")
        try site.write("chunks/\(index)", Array(bytes.prefix(bytes.count / 2)))
        let found = try compare(site)
        #expect(found.damaged.count == 1 && found.damaged[0].hasPrefix(index))
    }

    @Test(arguments: [
        (IndexComparison.Findings(chunks: 3, files: 2), "passed", "3 chunks, 2 index files"),
        (
            IndexComparison.Findings(chunks: 3, files: 1, missing: 1, firstMissing: "t/1/a"), "failed",
            "1 entry without chunk (3 chunks, 1 index file)"
        ),
        (
            IndexComparison.Findings(chunks: 3, files: 1, missing: 2, unlisted: 1), "failed",
            "2 entries without chunk, 1 chunk without entry (3 chunks, 1 index file)"
        ),
        (IndexComparison.Findings(damaged: ["a: b"]), "failed", "1 damaged index file"),
        (IndexComparison.Findings(), "skipped", "-"),
        (IndexComparison.Findings(chunks: 2, unknown: 2), "passed", "2 chunks, 0 index files"),
        (IndexComparison.Findings(chunks: 2, files: 1, fresh: 1), "passed", "2 chunks, 1 index file"),
    ])
    func `the check's verdict follows the findings`(
        findings: IndexComparison.Findings, verdict: String, measured: String
    ) {
        let result = LokiIndexCheck.judge(findings)
        #expect("\(result.verdict)" == verdict && result.measured == measured)
    }
}
