import Archiving
import BackupRepository
import Foundation
import Lab
import Testing

@testable import Loki

/// The index that is built from chunks alone.
@Suite struct IndexRebuildTests {
    private static let now = 1_795_403_400_000

    private static func periods(_ schema: String, _ store: String = "tsdb", from: String = "2024-04-01") -> IndexPeriods
    {
        IndexPeriods([LokiSettings.Period(from: from, store: store, schema: schema)])
    }

    private func rebuild(_ site: LokiSite, _ periods: IndexPeriods = periods("v13")) throws -> IndexRebuild {
        try IndexRebuilder(
            chunks: site.chunks.path, periods: periods, workplace: site.data.path, now: Self.now
        ).run()
    }

    private func indexes(_ site: LokiSite) -> [String] {
        site.paths("chunks").filter { if case .index = LokiPath("chunks/\($0)") { true } else { false } }
    }

    private func plain(_ site: LokiSite, _ path: String) throws -> [UInt8] {
        try GzipStream.decode(try site.read("chunks/\(path)"), limit: 1 << 24)
    }

    private func read(_ plain: [UInt8]) throws -> [IndexedSeries] {
        let spool = Spool()
        spool.write(plain.span.bytes)
        let file = try #require(spool.finish())
        #expect(TSDBCheck.defect(in: file) == nil)
        var series: [IndexedSeries] = []
        try TSDBReader(file).forEachSeries { series.append($0) }
        return series
    }

    private func tenants(_ series: [IndexedSeries]) -> [String] {
        series.flatMap(\.labels).filter { $0.name == TSDBFormat.tenantLabel }.map {
            String(decoding: $0.value, as: UTF8.self)
        }
    }

    private func comparison(_ site: LokiSite) throws -> IndexComparison.Findings {
        try IndexComparison(chunks: site.chunks.path, active: [], fresh: []).run()
    }

    // MARK: Real files

    /// Symbols, series with their chunks, postings, all tables and the checksum in the name.
    @Test(arguments: ["v13-tsdb-compacted", "v13-tsdb-shipped"])
    func `an index built from real chunks is the one that Loki's compactor wrote, byte for byte`(fixture: String) throws
    {
        let real = try LokiSite("v13-tsdb-compacted")
        let expected = try indexes(real).map { try plain(real, $0) }
        let site = try LokiSite(fixture)
        let rebuild = try rebuild(site)
        #expect((rebuild.chunks, rebuild.series, rebuild.files) == (3, 3, 2))
        #expect(rebuild.damage == [])
        let written = indexes(site)
        try #require(written.count == 2)
        #expect(try written.map { try plain(site, $0) } == expected)
        // The names differ in the time of writing only.
        #expect(
            written.map { $0.drop { $0 != "-" } } == indexes(real).map { $0.drop { $0 != "-" } })
        for path in written {
            let file = LokiFixture.File(path: "chunks/\(path)", bytes: try site.read("chunks/\(path)"))
            #expect(file.damage() == [])
        }
        #expect(try comparison(site) == IndexComparison.Findings(chunks: 3, files: 2))
    }

    @Test(arguments: [("v11-boltdb", "v11"), ("v12-boltdb", "v12")])
    func `chunks of a boltdb period get a TSDB index of their schema`(fixture: String, schema: String) throws {
        let site = try LokiSite(fixture)
        let rebuild = try rebuild(site, Self.periods(schema, "boltdb-shipper"))
        #expect(rebuild.chunks == 2 && rebuild.damage == [])
        let written = indexes(site)
        #expect(written.count == 2 && written.allSatisfy { $0.hasPrefix("index/index_20780/") })
        for path in written {
            let bytes = try plain(site, path)
            #expect(bytes[4] == 2)
            let series = try read(bytes)
            #expect(series.count == 1 && series[0].chunks.count == 1 && series[0].chunks[0].entries > 0)
            #expect(!series[0].labels.contains { $0.name == Array("__name__".utf8) })
        }
        #expect(try comparison(site) == IndexComparison.Findings(chunks: 2, files: 2))
        // The bolt files would be read as a TSDB.
        let previous = try #require(rebuild.previous)
        #expect(FileManager.default.fileExists(atPath: "\(previous)/index/index_20780"))
        #expect(FileManager.default.fileExists(atPath: "\(site.chunks.path)/index/delete_requests"))
    }

    // MARK: Faults

    @Test func `a damaged chunk is named, and the index lists the others`() throws {
        let site = try LokiSite("v13-tsdb-compacted")
        let paths = site.paths("chunks").filter { $0.hasPrefix("t1/") }.map { "chunks/\($0)" }
        var bytes = try site.read(paths[0])
        bytes[bytes.count / 2] ^= 1
        try site.write(paths[0], bytes)
        try site.write("chunks/t1/865beecf51f7dc0f/not-a-chunk", [1])
        let rebuild = try rebuild(site)
        #expect(rebuild.chunks == 2 && rebuild.files == 2)
        #expect(rebuild.damage.map(\.path) == [paths[0], "chunks/t1/865beecf51f7dc0f/not-a-chunk"].sorted())
        #expect(rebuild.damage.contains { $0.reason.contains("CRC is") })
        let found = try comparison(site)
        #expect(found.missing == 0 && found.unlisted == 1)
        #expect(found.firstUnlisted.map { "chunks/\($0)" } == paths[0])
    }

    @Test func `chunks before the first period are named`() throws {
        let site = try LokiSite("v13-tsdb-compacted")
        let rebuild = try rebuild(site, Self.periods("v13", from: "2026-11-24"))
        #expect(rebuild.files == 0)
        #expect(rebuild.damage.map(\.path) == ["chunks/t1", "chunks/t2"])
        #expect(rebuild.damage.allSatisfy { $0.reason.contains("chunks of 2026-11-23 are before") })
    }

    @Test(arguments: ["../x/", "index/../../", ""])
    func `a prefix that leaves the chunks' folder is refused`(prefix: String) throws {
        let site = try LokiSite("v13-tsdb-compacted")
        let period = LokiSettings.Period(
            from: "2024-04-01", store: "tsdb", schema: "v13", prefix: prefix.isEmpty ? "a/b" : "index_",
            pathPrefix: prefix)
        #expect(throws: ComponentError.self) { try rebuild(site, IndexPeriods([period])) }
        #expect(indexes(site).count == 2, "the old index is still there")
    }

    /// The key of an old schema is decoded from the file's name, and may hold any text.
    @Test func `a tenant that is not a folder's name is refused`() throws {
        let site = try LokiSite()
        let file = LokiChunk(tenant: "../../t", labels: ["a": "b"], lines: LokiSite.lines(2)).file()
        let name = try #require(ChunkName("x/\(file.path.split(separator: "/").suffix(2).joined(separator: "/"))"))
        var moved = name
        moved.tenant = "../../t"
        try site.write("chunks/\(moved.flatPath)", file.bytes)
        let rebuild = try rebuild(site)
        #expect(rebuild.files == 0 && rebuild.damage.count == 1)
        #expect(rebuild.damage.first?.reason.contains("is not a valid tenant") == true)
    }

    // MARK: Tables

    private static let day = 20_781 * 86_400

    @Test func `a chunk that spans midnight is in the tables of both days, under each day's period`() throws {
        let site = try LokiSite()
        let file = LokiChunk(
            tenant: "t1", labels: ["app": "a"], lines: LokiSite.lines(20, from: Self.day - 10)
        ).file()
        try site.write("chunks/\(file.path)", file.bytes)
        let rebuild = try rebuild(
            site,
            IndexPeriods([
                LokiSettings.Period(from: "2026-11-24", store: "tsdb", schema: "v13", prefix: "new_"),
                LokiSettings.Period(from: "2024-04-01", store: "tsdb", schema: "v12", prefix: "old_"),
            ]))
        #expect(rebuild.chunks == 1 && rebuild.files == 2 && rebuild.damage == [])
        let written = indexes(site)
        #expect(written.map { $0.split(separator: "/")[1] } == ["new_20781", "old_20780"])
        #expect(try written.map { try plain(site, $0)[4] } == [3, 2])
        #expect(try read(try plain(site, written[0])) == read(try plain(site, written[1])))
        // A chunk that one of its tables lacks is not found by queries of that day.
        try FileManager.default.removeItem(at: site.chunks.appending(path: written[0]))
        #expect(try comparison(site).unlisted == 1)
    }

    /// More chunks than a page holds, more series than the step of the fingerprints, and two tenants.
    @Test func `many chunks and streams of two tenants are all found again`() throws {
        let site = try LokiSite()
        var expected: Set<String> = []
        for tenant in ["t1", "t2"] {
            for number in 0..<(tenant == "t1" ? 1100 : 3) {
                for part in 0..<(number == 1 ? 40 : 1) {
                    let lines = LokiSite.lines(2, from: Self.day + 100 + part * 60)
                    let file = LokiChunk(
                        tenant: tenant, labels: ["app": "\(number)", "zone": "\(number % 3)"], lines: lines
                    ).file()
                    try site.write("chunks/\(file.path)", file.bytes)
                    expected.insert(file.path)
                }
            }
        }
        let rebuild = try rebuild(site)
        #expect((rebuild.chunks, rebuild.series, rebuild.files) == (expected.count, 1103, 2))
        #expect(try comparison(site) == IndexComparison.Findings(chunks: expected.count, files: 2))
        let series = try read(try plain(site, try #require(indexes(site).first { $0.contains("/t1/") })))
        #expect(series.map(\.fingerprint) == series.map(\.fingerprint).sorted() && series.count == 1100)
        let long = try #require(series.first { $0.chunks.count > 1 })
        #expect(long.chunks.count == 40 && long.chunks.map(\.from) == long.chunks.map(\.from).sorted())
        // The stand-in reads the format by its own code.
        let store = try LokiStore(data: site.data)
        #expect(Set(store.visibleChunks(tenant: "t1") + store.visibleChunks(tenant: "t2")) == expected)
    }

    @Test func `a rebuilt index replaces the old one, which is kept beside the data`() throws {
        let site = try LokiSite("v13-tsdb-shipped")
        let old = try #require(indexes(site).first)
        let bytes = try site.read("chunks/\(old)")
        let rebuild = try rebuild(site)
        let previous = try #require(rebuild.previous)
        #expect(FileManager.default.contents(atPath: "\(previous)/\(old)").map { [UInt8]($0) } == bytes)
        #expect(!indexes(site).contains(old))
        // Again: the same files, and the rebuilt index is the one that is replaced.
        let written = try indexes(site).map { try plain(site, $0) }
        try FileManager.default.removeItem(atPath: previous)
        _ = try self.rebuild(site)
        #expect(try indexes(site).map { try plain(site, $0) } == written)
    }

    /// A checksum does not protect against a crafted file.
    @Test func `hostile bytes in an index end in an error`() throws {
        let site = try LokiSite("v13-tsdb-compacted")
        let bytes = try plain(site, try #require(indexes(site).first))
        let start = (Int(bytes[bytes.count - 76 + 14]) << 8 | Int(bytes[bytes.count - 76 + 15]) + 15) / 16 * 16
        let length = Int(bytes[start])
        try #require(length < 0x80)
        for place in 0..<length {
            for value in [0, 0x7F, 0x80, 0xFF] as [UInt8] {
                var content = Array(bytes[(start + 1)..<(start + 1 + length)])
                content[place] = value
                var file = bytes
                var checksum: [UInt8] = []
                checksum.appendBig(LokiFixture.crc(content))
                file.replaceSubrange((start + 1)..<(start + 1 + length + 4), with: content + checksum)
                let spool = Spool()
                spool.write(file.span.bytes)
                let reader = try TSDBReader(try #require(spool.finish()))
                var count = 0
                do { try reader.forEachSeries { count += $0.chunks.count } } catch { #expect(error is IndexDefect) }
                #expect(count < 200)
            }
        }
        for count in stride(from: 0, to: bytes.count, by: 7) {
            let spool = Spool()
            spool.write(bytes.span.bytes.extracting(first: count))
            guard let file = spool.finish() else { continue }
            #expect(throws: IndexDefect.self) { try TSDBReader(file).forEachSeries { _ in } }
        }
    }

    // MARK: The schema

    @Test(arguments: [false, true])
    func `the schema comes from the backup, and without it from the old tables`(isRecorded: Bool) async throws {
        let site = try LokiSite("v13-tsdb-compacted")
        try FileManager.default.moveItem(
            at: site.chunks.appending(path: "index/index_20780"), to: site.chunks.appending(path: "index/logs_20780"))
        if isRecorded {
            var settings = LokiSettings()
            settings.periods = [
                LokiSettings.Period(
                    from: "2024-04-01", store: "boltdb-shipper", schema: "v12", prefix: "t_", pathPrefix: "i/x/")
            ]
            try site.write("dr-loki.json", settings.document(version: "3.4.6"))
        }
        let rebuild = try await site.restorer().rebuildIndex(of: site.data.path, inUse: false)
        #expect(rebuild.advice.count == 1 && rebuild.files == 2 && rebuild.previous != nil)
        let written = site.paths("chunks").filter { $0.hasSuffix(".tsdb.gz") }
        #expect(written.count == 2)
        #expect(written.allSatisfy { $0.hasPrefix(isRecorded ? "i/x/t_20780/" : "index/logs_20780/") }, "\(written)")
        #expect(rebuild.advice[0].contains(isRecorded ? "Set `store: tsdb`" : "does not know Loki's schema_config"))
        #expect(try written.map { try plain(site, $0)[4] } == (isRecorded ? [2, 2] : [3, 3]))
    }

    // MARK: Versions

    @Test(arguments: [("v9", 2), ("v12", 2), ("v13", 3), ("v14", 4), ("v15", 3)])
    func `the version of an index follows the schema`(schema: String, version: UInt8) {
        #expect(TSDBFormat.version(ofSchema: schema) == version)
    }

    @Test(arguments: [nil, 1_795_402_914_675, 1_795_402_914_675 + 3 * 86_400_000] as [Int?])
    func `the day of ingestion is kept in version 4`(ingested: Int?) throws {
        let entries = try IndexEntries()
        let chunk = IndexedChunk(
            from: 1_795_402_914_674, through: 1_795_402_914_675, checksum: 7, kilobytes: 1, entries: 2,
            ingestedAt: ingested)
        let labels = [IndexedLabel(name: Array("a".utf8), value: Array("b".utf8))]
        try entries.add(chunk, tenant: "t", fingerprint: 1 << 63, labels: labels, days: 20_780...20_780)
        let file = try TSDBWriter.write(try #require(try entries.tables().first), of: entries, version: 4)
        var bytes: [UInt8] = []
        try file.content.forEachPiece { bytes += $0 }
        let series = try read(bytes)
        #expect(series.count == 1 && series[0].labels == labels && series[0].fingerprint == 1 << 63)
        var expected = chunk
        // Rounded up to the next day, so that a retention by it never removes a chunk too early.
        expected.ingestedAt = ingested.map { ($0 + 86_399_999) / 86_400_000 * 86_400_000 }
        #expect(series[0].chunks == [expected])
    }

    @Test(arguments: [
        ("1970-01-01", 0), ("2024-02-29", 19_782), ("2026-11-23", 20_780), ("x", nil), ("2024-13-01", nil),
    ])
    func `the days of periods are counted from 1970`(date: String, day: Int?) { #expect(IndexPeriods.day(date) == day) }
}
