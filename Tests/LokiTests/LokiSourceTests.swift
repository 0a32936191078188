import BackupRepository
import Foundation
import Lab
import Synchronization
import Testing

@testable import Loki

/// The files that a capture copies, their order, and the files that it skips.
@Suite struct LokiSourceTests {
    private static let compacted =
        "index/index_20780/t1/1795403245165914417-compactor-1795399374674-1795401174724-1c23e406.tsdb.gz"

    private func site() throws -> LokiSite {
        let site = try LokiSite("v13-tsdb-compacted")
        try site.write("wal/00000000", [1, 2, 3])
        try site.write("wal/checkpoint.000001.tmp/00000000", [1])
        try site.write("tsdb-shipper-active/wal/s_2024-04-01/1795400000/00000000", [4])
        try site.write("tsdb-shipper-active/uploader/name", [5])
        try site.write("tsdb-shipper-active/scratch/x", [5])
        try site.write("tsdb-shipper-cache/index_20780/x.tsdb", [6])
        try site.write("compactor/retention/filesystem_2024-04-01/markers/1", [7])
        try site.write("rules/t1/rules.yaml", [8])
        try site.write("rules-temp/t1/rules.yaml", [8])
        try site.write("chunks/loki_cluster_seed.json", [9])
        return site
    }

    @Test func whatChangesIsCopiedAndTheChunksAreReadWhereTheyLie() async throws {
        let site = try site()
        let capture = try await site.source().capture(site.context)
        #expect(
            site.copied(capture) == [
                "chunks/index/delete_requests/delete_requests.gz", "chunks/\(Self.compacted)",
                "chunks/index/index_20780/t2/1795403245163020369-compactor-1795402914674-1795402914675-b6475d15.tsdb.gz",
                "rules/t1/rules.yaml", "tsdb-shipper-active/wal/s_2024-04-01/1795400000/00000000", "wal/00000000",
            ])
        #expect(
            capture.layers == [
                CaptureLayer("chunks", directory: site.chunks.path, hidden: ["index", "loki_cluster_seed.json"])
            ])
        #expect(!capture.isFrozen && capture.warnings == [])
        #expect(try await capture.examine([]) == [])
        // The walk sees the chunks, and the end of the newest is the watermark.
        #expect(capture.watermark == nil && capture.newestDatum == .unknown)
        for path in site.paths("chunks") { #expect(!capture.isExcluded(Array("chunks/\(path)".utf8))) }
        #expect(capture.watermark == 1_795_402_914_675)
        #expect(capture.newestDatum == .at(1_795_402_914_675))
        #expect(capture.facts["chunks"] == "3")
        try await capture.release()
        try await capture.release()
    }

    @Test func anUnchangedFileIsNotTouchedAgain() async throws {
        let site = try site()
        func inodes(_ capture: any Capture) throws -> [String: Int] {
            var inodes: [String: Int] = [:]
            for path in site.copied(capture) {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(capture.root)/\(path)")
                inodes[path] = attributes[.systemFileNumber] as? Int
            }
            return inodes
        }
        let first = try await site.source().capture(site.context)
        let before = try inodes(first)
        try await first.release()
        // Of the same size, and perhaps within one tick of the clock.
        try site.write("wal/00000000", [1, 2, 4])
        try FileManager.default.removeItem(at: site.data.appending(path: "rules/t1/rules.yaml"))
        let second = try await site.source().capture(site.context)
        let after = try inodes(second)
        #expect(after["wal/00000000"] != before["wal/00000000"])
        #expect(FileManager.default.contents(atPath: "\(second.root)/wal/00000000") == Data([1, 2, 4]))
        #expect(after["rules/t1/rules.yaml"] == nil)
        for path in after.keys where path != "wal/00000000" { #expect(after[path] == before[path], "\(path)") }
        try await second.release()
    }

    // MARK: Faults

    @Test func anIndexFileThatIsCompletedWhileWeCopyIsCopiedAgain() async throws {
        let site = try site()
        let path = "chunks/\(Self.compacted)"
        let whole = try site.read(path)
        try site.write(path, Array(whole.prefix(whole.count / 2)))
        let source = site.source {
            try site.write(path, whole)
        }
        let capture = try await source.capture(site.context)
        #expect(try await capture.examine([]) == [])
        #expect(FileManager.default.contents(atPath: "\(capture.root)/\(path)") == Data(whole))
        try await capture.release()
    }

    @Test func anIndexFileThatStaysTornIsDamage() async throws {
        let site = try site()
        let path = "chunks/\(Self.compacted)"
        try site.write(path, Array(try site.read(path).dropLast(3)))
        let pauses = Mutex(0)
        let capture = try await site.source { pauses.withLock { $0 += 1 } }.capture(site.context)
        #expect(try await capture.examine([]).map(\.path) == [path])
        #expect(!site.copied(capture).contains(path) && site.copied(capture).count == 5)
        #expect(pauses.withLock { $0 } == 4)
        try await capture.release()
        // The next run reports it again, although nothing changed.
        let again = try await site.source().capture(site.context)
        #expect(try await again.examine([]).map(\.path) == [path])
        try await again.release()
    }

    /// Loki first writes the merged files and then deletes the originals: a copy at any time misses nothing.
    @Test func aCompactionDuringTheCopyLosesNoReference() async throws {
        let site = try LokiSite()
        let store = try LokiStore(data: site.data)
        for tenant in ["t1", "t2"] {
            try store.push(tenant: tenant, labels: ["app": "a"], lines: LokiSite.lines(20))
        }
        try store.flush()
        try store.ship()
        let shipped = site.paths("chunks/index").map { "chunks/index/\($0)" }
        #expect(shipped.count == 1)
        // An inconsistent file makes the copy wait, and meanwhile the index is compacted.
        let torn = "chunks/index/index_20779/1-a-1.tsdb.gz"
        try site.write(torn, [0x1F, 0x8B])
        let source = site.source {
            try store.compact()
            try? FileManager.default.removeItem(at: site.data.appending(path: torn))
        }
        let capture = try await source.capture(site.context)
        let copied = site.copied(capture).filter { $0.contains("-compactor-") }
        #expect(copied.count == 2 && copied.allSatisfy { $0.hasPrefix("chunks/index/index_20780/t") })
        #expect(try await capture.examine([]) == [] && capture.warnings == [])
        try await capture.release()
    }

    @Test(.enabled(if: geteuid() != 0, "root reads everything")) func anUnreadableFolderIsDamageAndTheRestIsCopied()
        async throws
    {
        let site = try site()
        let folder = site.data.appending(path: "rules/t1").path
        chmod(folder, 0)
        defer { chmod(folder, 0o755) }
        let capture = try await site.source().capture(site.context)
        #expect(try await capture.examine([]).map(\.path) == ["rules/t1"])
        try await capture.release()
    }

    @Test(arguments: ["", "other", "loki/chunks", "nothing"])
    func aWrongDataDirectoryIsRefusedWithAHint(path: String) async throws {
        let site = try site()
        try FileManager.default.createDirectory(
            at: site.folder.url.appending(path: "other/chunks/000001"), withIntermediateDirectories: true)
        let failure = await site.failure {
            _ = try await site.source(data: site.folder.url.appending(path: path)).capture(site.context)
        }
        #expect(failure?.reason == .misconfigured)
        #expect(failure?.hint?.contains("path_prefix") == true)
    }

    // MARK: With a server

    @Test func theServerIsAskedForItsSchemaAndFlushedFirst() async throws {
        let site = try LokiSite()
        let loki = try await LokiStandIn(data: site.data, contract: try APIContract(contentsOf: LokiSite.contract))
        try loki.store.push(tenant: "t1", labels: ["app": "a"], lines: LokiSite.lines(20))
        #expect(site.paths("chunks") == [])
        let source = site.source(loki.url, flush: true, tenants: ["t1"]) { usleep(20_000) }
        let capture = try await source.capture(site.context)
        #expect(capture.warnings == [])
        #expect(capture.facts["version"] == "3.4.6" && capture.facts["flush"] == "yes")
        #expect(capture.facts["schema"] == "v13/tsdb from 2024-04-01, tables index_ in index/")
        #expect(site.paths("chunks").count == 1)
        let document = FileManager.default.contents(atPath: "\(capture.root)/dr-loki.json").map { [UInt8]($0) }
        #expect(document.flatMap(LokiSettings.periods)?.map(\.schema) == ["v13"])
        #expect(await source.diagnose().allSatisfy { $0.verdict == .ok })
        #expect(loki.server.violations == [])
        try await capture.release()
        await loki.stop()
    }

    @Test func aServerThatIsAwayOrForbidsCostsAWarningOnly() async throws {
        let site = try site()
        let away = try await site.source("http://127.0.0.1:1", flush: true).capture(site.context)
        #expect(away.warnings.count == 2 && away.warnings[0].contains("127.0.0.1:1"))
        #expect(site.copied(away).count == 6)
        try await away.release()
        let loki = try await LokiStandIn(data: site.folder.url.appending(path: "elsewhere"))
        loki.server.fail { _ in .text(403, "no") }
        let closed = try await site.source(loki.url).capture(site.context)
        #expect(closed.warnings.first?.contains("access refused (403)") == true)
        try await closed.release()
        await loki.stop()
    }

    @Test func theDataOfAnotherServerAreRefused() async throws {
        let site = try site()
        let loki = try await LokiStandIn(data: site.folder.url.appending(path: "elsewhere"))
        let failure = await site.failure { _ = try await site.source(loki.url).capture(site.context) }
        #expect(failure?.reason == .misconfigured && failure?.detail.contains("elsewhere") == true)
        #expect(await site.source(loki.url).diagnose().map(\.verdict) == [.ok, .failed])
        await loki.stop()
    }

    @Test func chunksInObjectStorageAreRefused() async throws {
        let site = try site()
        var options = LokiStandIn.Options()
        options.objectStore = "s3"
        let loki = try await LokiStandIn(data: site.data, options)
        let failure = await site.failure { _ = try await site.source(loki.url).capture(site.context) }
        #expect(failure?.detail.contains("object storage") == true)
        await loki.stop()
    }
}
