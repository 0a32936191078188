import BackupRepository
import Documents
import Foundation
import Lab
import Synchronization
import Testing

@testable import Elasticsearch

/// A capture from the stand-in, which checks every request and answer against the contract.
@Suite struct ElasticsearchSourceTests {
    @Test(arguments: dialects)
    func `the backup records the contents of a snapshot`(options: ElasticsearchStandInOptions) async throws {
        let site = try await Site(options)
        let backup = try await site.backup()
        #expect(backup.damage.isEmpty && backup.warnings.isEmpty)
        #expect(backup.watermark == 1_763_950_000_000)
        let name = "dr-20251124t024640z-01234567"
        #expect(site.snapshots.keys.sorted() == [name])
        #expect(backup.facts["snapshot"] == name && backup.facts["indices"] == "3")
        #expect(backup.facts["documents"] == "1557" && backup.facts["shards"] == "5 of 5")
        let product = options.isOpenSearch ? "OpenSearch" : "Elasticsearch"
        #expect(backup.facts["version"] == "\(product) \(options.version)")

        let summary = try backup.document("snapshot.json")
        #expect(summary["indices"]?["jaeger-span-000001"]?["documents"] == ["least": 1200, "most": 1200])
        #expect(summary["uuid"]?.text == backup.facts["uuid"])
        let index = try backup.document("indices/jaeger-span-000002.json")
        #expect(index["aliases"]?["jaeger-span-write"]?["is_write_index"] == true)
        #expect(index["settings"]?["index.number_of_shards"] == "2")
        #expect(index["settings"]?["index.uuid"] == nil && index["settings"]?["index.creation_date"] == nil)
        #expect(try backup.document("templates/index/jaeger-span.json")["name"] == "jaeger-span")
        #expect(try backup.document("templates/component/jaeger-common.json")["body"]?["template"] != nil)
        #expect(try backup.document("templates/legacy/jaeger-service.json")["body"]?["order"] == 1)
        #expect(!FileManager.default.fileExists(atPath: "\(backup.tree)/templates/legacy/logs-of-others.json"))
        let policy = options.isOpenSearch ? "ism/jaeger-ism-policy" : "ilm/jaeger-ilm-policy"
        let body = try backup.document("lifecycle/\(policy).json")["body"]
        #expect(body?["phases"] != nil || body?["states"] != nil)
        #expect(body?["last_updated_time"] == nil)
        #expect(site.notes.isEmpty)
        site.expectNoViolations()
    }

    @Test func `the backup leaves unchanged documents untouched`() async throws {
        let site = try await Site()
        let first = try await site.backup()
        func modified(_ path: String) throws -> Date? {
            try FileManager.default.attributesOfItem(atPath: "\(first.tree)/\(path)")[.modificationDate] as? Date
        }
        let before = try modified("indices/jaeger-span-000001.json")
        site.cluster.with { $0.indices["jaeger-service-000001"] = nil }
        let second = try await site.backup(run: "fedcba9876543210fedcba9876543210")
        #expect(second.tree == first.tree)
        #expect(try modified("indices/jaeger-span-000001.json") == before)
        #expect(!FileManager.default.fileExists(atPath: "\(first.tree)/indices/jaeger-service-000001.json"))
        #expect(site.snapshots.count == 2)
    }

    @Test func `accepts answers by repository`() async throws {
        var options = ElasticsearchStandInOptions.elasticsearch("7.9.0")
        options.answersByRepository = true
        let site = try await Site(options)
        #expect(try await site.backup().facts["state"] == "SUCCESS")
        try await site.source().forget(["snapshot": "none", "repository": "dr", "run": "r"], keeping: { [] })
        site.expectNoViolations()
    }

    @Test func `documents written during the snapshot are counted as a range`() async throws {
        let site = try await Site()
        let task = Task { try await site.backup() }
        let name = "dr-20251124t024640z-01234567"
        site.cluster.with { $0.neverFinishes = true }
        try await until { site.snapshots[name] != nil }
        site.cluster.with { $0.indices["jaeger-span-000002"]?.documents += 60 }
        site.cluster.shelf.change(at: "fs:/mnt/backups/jaeger") { $0[name]?["polls"] = 0 }
        let summary = try await task.value.document("snapshot.json")
        #expect(summary["indices"]?["jaeger-span-000002"]?["documents"] == ["least": 340, "most": 400])
    }

    @Test func `a closed index is kept uncounted`() async throws {
        let site = try await Site()
        site.cluster.with { $0.indices["jaeger-span-000001"]?.isOpen = false }
        let backup = try await site.backup()
        #expect(try backup.document("snapshot.json")["indices"]?["jaeger-span-000001"]?["documents"] == .null)
        #expect(try backup.document("indices/jaeger-span-000001.json")["isClosed"] == true)
        #expect(backup.facts["indices"] == "3")
        site.expectNoViolations()
    }

    // MARK: Faults

    @Test func `a partial snapshot names the shards`() async throws {
        let site = try await Site()
        site.cluster.with { $0.indices["jaeger-span-000001"]?.lostShards = [1: "primary shard is not allocated"] }
        let backup = try await site.backup()
        #expect(
            backup.damage
                == [Damage(path: "shards/jaeger-span-000001/1", reason: "primary shard is not allocated")])
        #expect(backup.facts["state"] == "PARTIAL" && backup.facts["shards"] == "4 of 5")
        site.expectNoViolations()
    }

    @Test func `a failed snapshot is an error and removed`() async throws {
        let site = try await Site()
        site.cluster.with { $0.failsNextSnapshot = true }
        let error = await site.failure { _ = try await site.backup() }
        #expect(error?.detail.contains("FAILED") == true && error?.detail.contains("disk full") == true)
        #expect(site.snapshots.isEmpty && site.notes.isEmpty)
        site.expectNoViolations()
    }

    @Test func `nothing to back up is an error`() async throws {
        let site = try await Site()
        let error = await site.failure { _ = try await site.backup(site.source(indices: "prod-jaeger-*")) }
        #expect(error?.detail.contains("no index matches") == true && error?.hint != nil)
        #expect(site.snapshots.isEmpty)
    }

    @Test func `a repository that is another is refused`() async throws {
        let site = try await Site()
        site.cluster.with { $0.repositories["dr"] = ["type": "s3", "settings": ["bucket": "theirs"]] }
        let error = await site.failure { _ = try await site.backup() }
        #expect(error?.detail.contains("type 's3', not 'fs'") == true && error?.hint?.contains("`name:`") == true)
        site.cluster.with {
            $0.repositories["dr"] = [
                "type": "fs", "settings": ["location": "/mnt/backups/jaeger", "readonly": "true"],
            ]
        }
        let readOnly = await site.failure { _ = try await site.backup() }
        #expect(readOnly?.detail.contains("read-only") == true)
        #expect(site.snapshots.isEmpty)
        site.expectNoViolations()
    }

    @Test func `a place that the nodes do not allow is explained`() async throws {
        let site = try await Site()
        let outside = SnapshotRepository("dr", .directory("/srv/other"))
        let error = await site.failure { _ = try await site.backup(site.source(outside)) }
        #expect(error?.hint?.contains("path.repo") == true)
        let noClient = SnapshotRepository("dr", .s3(bucket: "b", basePath: "j", client: "elsewhere"))
        let keyless = await site.failure { _ = try await site.backup(site.source(noClient)) }
        #expect(keyless?.hint?.contains("keystore") == true)
        site.expectNoViolations()
    }

    @Test(arguments: [
        ("cluster:admin/snapshot/create", "'create_snapshot'"), ("cluster:admin/repository/put", "'manage'"),
        ("cluster:admin/snapshot/get", "'monitor_snapshot'"), ("indices:data/read/search", "'read'"),
    ])
    func `the error names the privilege that the credentials lack`(action: String, privilege: String) async throws {
        var options = ElasticsearchStandInOptions()
        options.denied = [action]
        let site = try await Site(options)
        let error = await site.failure { _ = try await site.backup() }
        #expect(error?.reason == .misconfigured && error?.hint?.contains(privilege) == true)
        #expect(error?.detail.contains(action) == true)
        site.expectNoViolations()
    }

    @Test func `wrong credentials are refused and right ones serve`() async throws {
        var options = ElasticsearchStandInOptions()
        options.user = ("backup", "secret")
        let site = try await Site(options)
        let error = await site.failure { _ = try await site.backup() }
        #expect(error?.hint?.contains("api_key") == true)
        #expect(try await site.backup(site.source(api: site.api(user: "backup"))).facts["state"] == "SUCCESS")

        var keyed = ElasticsearchStandInOptions()
        keyed.apiKey = "aWQ6a2V5"
        let other = try await Site(keyed)
        #expect(
            try await other.backup(other.source(api: other.api(apiKey: "aWQ6a2V5"))).facts["state"] == "SUCCESS")
    }

    @Test func `without the right to refresh it warns`() async throws {
        var options = ElasticsearchStandInOptions()
        options.denied = ["indices:admin/refresh"]
        let site = try await Site(options)
        #expect(try await site.backup().warnings.first?.contains("'maintenance'") == true)
    }

    @Test func `the backup waits for a server that stops and starts again`() async throws {
        let site = try await Site()
        site.cluster.with { $0.neverFinishes = true }
        let name = "dr-20251124t024640z-01234567"
        let task = Task { try await site.backup() }
        try await until { site.cluster.server.requests["GET /_snapshot/dr/\(name)", default: 0] > 0 }
        await site.cluster.server.stop()
        site.cluster.shelf.change(at: "fs:/mnt/backups/jaeger") { $0[name]?["polls"] = 1 }
        try await site.cluster.server.start()
        #expect(try await task.value.facts["state"] == "SUCCESS")
        #expect(site.cluster.server.requests["PUT /_snapshot/dr/\(name)"] == 1)
    }

    @Test func `a snapshot that makes no progress is given up and removed`() async throws {
        let site = try await Site()
        site.cluster.with { $0.neverFinishes = true }
        let error = await site.failure { _ = try await site.backup(site.source(patience: .milliseconds(300))) }
        #expect(error?.detail.contains("no progress") == true)
        #expect(site.snapshots.isEmpty && site.notes.isEmpty)
    }

    @Test func `a cancelled run takes its snapshot back`() async throws {
        let site = try await Site()
        site.cluster.with { $0.neverFinishes = true }
        let task = Task { try await site.backup() }
        try await until { !site.snapshots.isEmpty }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(site.snapshots.isEmpty && site.notes.isEmpty)
    }

    @Test func `an answer that is lost is looked for`() async throws {
        let site = try await Site()
        let cluster = site.cluster
        cluster.server.fail { request in
            guard request.method == "PUT", request.segments.count == 3 else { return nil }
            _ = cluster.with { $0.answer(request) }
            return .text(502, "bad gateway")
        }
        #expect(try await site.backup().facts["state"] == "SUCCESS")
        #expect(site.snapshots.count == 1)
    }

    @Test func `a request that was never heard leaves its note`() async throws {
        let site = try await Site()
        site.cluster.server.fail { request in
            request.method == "PUT" && request.segments.count == 3 ? .text(504, "gateway time-out") : nil
        }
        let error = await site.failure { _ = try await site.backup() }
        #expect(error?.reason == .unreachable)
        #expect(site.notes.count == 1)
        site.cluster.server.fail(nil)
        #expect(try await site.backup(run: "fedcba9876543210fedcba9876543210").facts["state"] == "SUCCESS")
        #expect(site.notes.isEmpty)
    }

    @Test func `a snapshot of that name that is not ours is left alone`() async throws {
        let site = try await Site()
        let name = "dr-20251124t024640z-01234567"
        let theirs: JSONValue = [
            "info": ["snapshot": .string(name), "uuid": "theirs", "state": "SUCCESS"], "polls": 0,
        ]
        site.cluster.shelf.change(at: "fs:/mnt/backups/jaeger") { $0[name] = theirs }
        let error = await site.failure { _ = try await site.backup() }
        #expect(error?.detail.contains("did not make") == true)
        #expect(site.snapshots[name]?["info"]?["uuid"] == "theirs")
    }

    @Test func `another operation of the repository is waited for`() async throws {
        let site = try await Site()
        site.cluster.with { $0.busyFor = 2 }
        #expect(try await site.backup().facts["state"] == "SUCCESS")
        site.expectNoViolations()
    }

    @Test func `the next run removes the snapshot of a killed run`() async throws {
        let site = try await Site()
        _ = try await site.backup()
        let left = try #require(site.snapshots.keys.first)
        // The kernel releases the lock with the process; here, the note releases it.
        _ = try SnapshotNote.write(
            repository: "dr", snapshot: left, run: "0123456789abcdef0123456789abcdef", in: site.state)
        // For a note that another run still holds.
        let living = try SnapshotNote.write(repository: "dr", snapshot: "dr-living", run: "living", in: site.state)
        _ = try await site.backup(run: "fedcba9876543210fedcba9876543210")
        #expect(site.snapshots.keys.sorted() == ["dr-20251124t024640z-fedcba98"])
        #expect(site.notes == ["living.snapshot"])
        living.remove()
    }

    // MARK: Forgetting and diagnosing

    @Test func `forgets its own and nothing else`() async throws {
        let site = try await Site()
        let backup = try await site.backup()
        var facts = backup.facts
        facts["run"] = "another"
        let error = await site.failure { try await site.source().forget(facts, keeping: { [] }) }
        #expect(error?.detail.contains("did not make") == true)
        #expect(site.snapshots.count == 1)
        try await site.source().forget(backup.facts, keeping: { [] })
        #expect(site.snapshots.isEmpty)
        try await site.source().forget(backup.facts, keeping: { [] })
        // A cluster that was set up again knows the repository by its place.
        site.cluster.with { $0.repositories = [:] }
        let again = try await site.backup(run: "fedcba9876543210fedcba9876543210")
        site.cluster.with { $0.repositories = [:] }
        try await site.source().forget(again.facts, keeping: { [] })
        #expect(site.snapshots.isEmpty)
        site.expectNoViolations()
    }

    @Test func `doctor reports problems with the server, the repository and the index pattern`() async throws {
        let site = try await Site()
        let before = await site.source().diagnose()
        #expect(before.map(\.verdict) == [.ok, .ok, .ok])
        #expect(before.last?.detail.contains("first backup registers it") == true)
        #expect(site.cluster.with { $0.repositories.isEmpty })
        _ = try await site.backup()
        #expect(await site.source().diagnose().last?.detail.contains("1 nodes can write") == true)
        #expect(await site.source(indices: "nothing-*").diagnose()[1].verdict == .failed)
        await site.cluster.server.stop()
        #expect(await site.source().diagnose().map(\.verdict) == [.failed])
    }
}
