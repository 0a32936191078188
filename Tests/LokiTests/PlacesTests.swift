import BackupRepository
import Components
import Foundation
import Lab
import Testing

@testable import Loki

/// A Loki whose parts are outside of its data directory, and one without a write-ahead log.
@Suite struct PlacesTests {
    /// Milliseconds since 1970.
    private func now() -> Int { Int(Date().timeIntervalSince1970 * 1000) }

    /// A running Loki with a busy tenant in chunks, and a quiet one in memory.
    private func started(
        _ site: LokiSite, _ change: (inout LokiStandIn.Options) -> Void
    ) async throws -> LokiStandIn {
        var options = LokiStandIn.Options()
        change(&options)
        let contract = try APIContract(contentsOf: LokiSite.contract)
        let loki = try await LokiStandIn(data: site.data, contract: contract, options)
        let second = now() / 1000 - 30
        try loki.store.push(tenant: "busy", labels: ["app": "a"], lines: LokiSite.lines(20, from: second))
        try loki.store.flush()
        try loki.store.push(tenant: "quiet", labels: ["app": "b"], lines: LokiSite.lines(5, from: second))
        try FileManager.default.createDirectory(
            at: loki.store.rules.appending(path: "busy"), withIntermediateDirectories: true)
        try Data("groups: []\n".utf8).write(to: loki.store.rules.appending(path: "busy/rules.yaml"))
        return loki
    }

    @Test func `without a write-ahead log the newest data exclude chunks that may be missing`() async throws {
        let site = try LokiSite()
        try FileManager.default.removeItem(at: site.data.appending(path: "wal"))
        let loki = try await started(site) {
            $0.places.hasLog = false
            $0.chunkIdle = "20s"
            $0.longestChunk = "1m0s"
        }
        let start = now()
        let capture = try await site.source(loki.url).capture(site.context)
        site.walk(capture)
        let watermark = try #require(capture.watermark)
        // 20 s, 60 s, two readings of 30 s, and a minute.
        #expect(watermark >= start - 200_000 && watermark <= now() - 200_000)
        #expect(capture.newestDatum == .at(watermark))
        #expect(capture.facts["wal"] == "off")
        #expect(capture.warnings.contains { $0.contains("max_chunk_age") })
        #expect(try await capture.examine([]) == [])
        #expect(await site.source(loki.url).diagnose().contains { $0.subject == "wal" && $0.verdict == .warning })
        try await capture.release()
        // A flush that finished leaves nothing in memory.
        let flushed = try await site.source(loki.url, flush: true) { usleep(20_000) }.capture(site.context)
        site.walk(flushed)
        #expect(try #require(flushed.watermark) > start - 60_000)
        #expect(loki.server.violations == [])
        try await flushed.release()
        await loki.stop()
    }

    @Test(arguments: [true, false]) func `the folders of a pod are not missed on this machine`(
        _ isInPod: Bool
    ) async throws {
        let site = try LokiSite()
        let loki = try await started(site) { _ in }
        var surroundings = GapSurroundings()
        surroundings.isInPod = isInPod
        let gaps = LokiGaps(
            server: site.api(loki.url), data: "/nowhere", chunks: nil, rules: nil, pool: site.pool)
        let found = try await gaps.gaps(surroundings).map(\.object)
        #expect(found.isEmpty == isInPod, "\(found)")
        await loki.stop()
    }

    @Test(
        arguments: [
            (nil, true), (BackedUpBucket(name: "loki-data", program: "loki"), false),
            (BackedUpBucket(name: "other", program: "thanos"), true),
        ] as [(BackedUpBucket?, Bool)])
    func `chunks in a bucket are a gap unless a component backs it up`(
        bucket: BackedUpBucket?, isGap: Bool
    ) async throws {
        let site = try LokiSite()
        let loki = try await started(site) { $0.objectStore = "s3" }
        var surroundings = GapSurroundings()
        surroundings.isInPod = true
        surroundings.buckets = [bucket].compactMap { $0 }
        let gaps = LokiGaps(server: site.api(loki.url), data: "/nowhere", chunks: nil, rules: nil, pool: site.pool)
        let found = try await gaps.gaps(surroundings)
        #expect(found.contains { $0.object.contains("which are in s3") } == isGap, "\(found.map(\.object))")
        #expect(!isGap || found.contains { $0.remedy.contains("kind bucket") })
        await loki.stop()
    }

    @Test(
        arguments: [
            ("storage_config: {aws: {bucketnames: a}}", "a"), ("common: {storage: {s3: {bucketnames: 'b,c'}}}", "b,c"),
            ("storage_config: {use_thanos_objstore: true, object_store: {s3: {bucket_name: d}}}", "d"), ("a: b", nil),
        ] as [(String, String?)])
    func `the bucket is read from the configuration`(text: String, bucket: String?) throws {
        let yaml = "schema_config: {configs: [{from: 2024-04-01, object_store: s3}]}\n\(text)\n"
        let names = try LokiSettings(yaml: Array(yaml.utf8), "test").buckets?.names
        #expect(names?.joined(separator: ",") == bucket)
    }

    /// AWS's usual hosts need no endpoint; a private network's does.
    @Test(
        arguments: [
            ("s3.eu-west-1.amazonaws.com", nil), ("s3.amazonaws.com", nil),
            (
                "bucket.vpce-1a-2b.s3.eu-west-1.vpce.amazonaws.com",
                "https://bucket.vpce-1a-2b.s3.eu-west-1.vpce.amazonaws.com"
            ),
            ("s3.cn-north-1.amazonaws.com.cn", "https://s3.cn-north-1.amazonaws.com.cn"),
        ] as [(String, String?)])
    func `the proposal of a bucket has its endpoint`(host: String, endpoint: String?) throws {
        let yaml = """
            schema_config: {configs: [{from: 2024-04-01, object_store: s3}]}
            storage_config: {aws: {bucketnames: a, endpoint: \(host)}}
            """
        let buckets = try #require(try LokiSettings(yaml: Array(yaml.utf8), "test").buckets)
        let proposed = try #require(buckets.companions(index: "").first)
        #expect(proposed.settings.first { $0.key == "endpoint" }?.value == endpoint.map { .text($0) })
    }

    @Test func `without log and server the newest datum is not known`() async throws {
        let site = try LokiSite("v13-tsdb-compacted")
        try FileManager.default.removeItem(at: site.data.appending(path: "wal"))
        let capture = try await site.source().capture(site.context)
        site.walk(capture)
        #expect(capture.watermark == nil && capture.newestDatum == .unknown && capture.facts["chunks"] == "3")
        #expect(capture.warnings.contains { $0.contains("newest datum is not known") })
        try await capture.release()
    }

    @Test(arguments: [true, false])
    func `lines in the log alone are not an empty Loki`(hasLines: Bool) async throws {
        let site = try LokiSite()
        let store = try LokiStore(data: site.data)
        if hasLines { try store.push(tenant: "t1", labels: ["app": "a"], lines: LokiSite.lines(3)) }
        let capture = try await site.source().capture(site.context)
        site.walk(capture)
        #expect(capture.newestDatum == (hasLines ? .unknown : .empty))
        try await capture.release()
    }

    @Test func `parts that the server keeps elsewhere are captured, and the restore says where they belong`()
        async throws
    {
        let site = try LokiSite()
        let elsewhere = site.folder.url.appending(path: "elsewhere")
        try site.write("chunks/old/leftover", [1])
        let loki = try await started(site) {
            $0.places.chunks = elsewhere.appending(path: "mychunks")
            $0.places.rules = elsewhere.appending(path: "myrules")
            $0.places.wal = elsewhere.appending(path: "mywal")
        }
        let capture = try await site.source(loki.url).capture(site.context)
        #expect(try await capture.examine([]) == [])
        #expect(capture.layers.map(\.directory) == [elsewhere.appending(path: "mychunks").path])
        #expect(site.copied(capture).contains("wal/00000000") && site.copied(capture).contains("rules/busy/rules.yaml"))
        site.walk(capture)
        #expect(try #require(capture.watermark) > now() - 60_000)
        let findings = await site.source(loki.url).diagnose()
        #expect(findings.contains { $0.detail.contains("chunks in \(elsewhere.path)/mychunks") })
        // Without its server, the last answer of the server counts.
        await loki.stop()
        try await capture.release()
        let away = try await site.source(loki.url).capture(site.context)
        #expect(away.layers.map(\.directory) == [elsewhere.appending(path: "mychunks").path])
        #expect(site.copied(away).contains("wal/00000000") && site.copied(away).contains("rules/busy/rules.yaml"))
        try FileManager.default.createDirectory(
            atPath: "\(away.root)/chunks", withIntermediateDirectories: true)
        let advice = await site.restorer().advice(restored: away.root, target: "/no/such/place")
        for (name, key) in [
            ("chunks", "storage_config.filesystem.directory"), ("rules", "ruler.storage.local.directory"),
            ("wal", "ingester.wal.dir"),
        ] {
            #expect(advice.contains { $0.hasPrefix("'\(name)' of") && $0.contains("/my\(name)'") && $0.contains(key) })
        }
        try await away.release()
    }

    @Test func `parts below path_prefix under other names are captured under these names`() async throws {
        let site = try LokiSite()
        let loki = try await started(site) {
            $0.places.rules = site.data.appending(path: "my-rules")
            $0.places.chunks = site.data.appending(path: "my-chunks")
        }
        let capture = try await site.source(loki.url).capture(site.context)
        #expect(site.copied(capture).contains("my-rules/busy/rules.yaml"))
        #expect(capture.layers.map(\.directory) == [site.data.appending(path: "my-chunks").path])
        try await capture.release()
        await loki.stop()
    }

    /// As in a container whose volume is mounted elsewhere on this machine.
    @Test func `parts that this machine does not have make the backup partial, with the key to set`() async throws {
        let site = try LokiSite()
        let other = site.folder.url.appending(path: "hidden")
        let loki = try await started(site) {
            $0.pathPrefix = "/no/such/loki"
            $0.places.rules = other.appending(path: "rules")
            $0.places.wal = other.appending(path: "wal")
        }
        let capture = try await site.source(loki.url).capture(site.context)
        let damage = try await capture.examine([])
        #expect(damage.map(\.path).sorted() == ["rules", "wal"])
        #expect(damage.allSatisfy { $0.reason.contains("set `\($0.path):`") })
        site.walk(capture)
        #expect(try #require(capture.watermark) < now() - 7_200_000)
        try await capture.release()
        let named = try await site.source(
            loki.url, rules: other.appending(path: "rules"), wal: other.appending(path: "wal")
        ).capture(site.context)
        #expect(try await named.examine([]) == [])
        #expect(site.copied(named).contains("wal/00000000") && site.copied(named).contains("rules/busy/rules.yaml"))
        try await named.release()
        await loki.stop()
    }

    @Test func `chunks that this machine does not have are refused, as are those of another folder`() async throws {
        let site = try LokiSite()
        let hidden = site.folder.url.appending(path: "hidden/mychunks")
        let loki = try await started(site) {
            $0.pathPrefix = "/no/such/loki"
            $0.places.chunks = hidden
        }
        let failure = await site.failure { _ = try await site.source(loki.url).capture(site.context) }
        #expect(failure?.reason == .misconfigured && failure?.hint?.contains("`chunks:`") == true)
        #expect(failure?.detail.contains(hidden.path) == true)
        await loki.stop()
        let second = try LokiSite()
        let own = second.folder.url.appending(path: "own/mychunks")
        let same = try await started(second) { $0.places.chunks = own }
        let contradiction = await second.failure {
            _ = try await second.source(same.url, chunks: second.chunks).capture(second.context)
        }
        #expect(contradiction?.detail.contains("storage_config.filesystem.directory") == true)
        await same.stop()
    }

    @Test(arguments: ["/loki/../x", "/loki/./wal", "/loki//", "/loki", "/other/wal", "wal"])
    func `a path that leads out of path_prefix is not taken for one in it`(path: String) {
        var settings = LokiSettings()
        settings.pathPrefix = "/loki"
        #expect(settings.relative(path) == nil)
    }

    @Test func `delete requests that are not stored yet are restored`() async throws {
        let site = try LokiSite()
        let loki = try await started(site) { _ in }
        try loki.store.requestDeletion("t1/{app=\"a\"}")
        try loki.store.storeDeletions()
        try loki.store.requestDeletion("t1/{app=\"b\"}")
        let capture = try await site.source(loki.url).capture(site.context)
        #expect(try await capture.examine([]) == [])
        #expect(site.copied(capture).contains("compactor/deletion/delete_requests/delete_requests"))
        let restored = try LokiStore(data: URL(filePath: capture.root))
        #expect(restored.deletions.count == 2)
        try await capture.release()
        await loki.stop()
    }

    @Test(arguments: [true, false])
    func `doctor names the tenants that checks need`(isMultitenant: Bool) async throws {
        let site = try LokiSite()
        let loki = try await started(site) { $0.isMultitenant = isMultitenant }
        let finding = await site.source(loki.url).diagnose().first { $0.subject == "tenants" }
        #expect((finding?.detail.contains("tenants: [busy]") == true) == isMultitenant)
        #expect(await site.source(loki.url, tenants: ["busy"]).diagnose().allSatisfy { $0.verdict == .ok })
        await loki.stop()
    }
}
