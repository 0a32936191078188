import BackupRepository
import Documents
import Foundation
import HTTP
import Lab
import Testing

@testable import Elasticsearch

/// Restores into another cluster than the backed-up one, and conflicts with existing objects.
@Suite struct ElasticsearchImporterTests {
    /// A backed-up cluster, and an empty one that shares its repository.
    private func pair(_ options: ElasticsearchStandInOptions = ElasticsearchStandInOptions()) async throws
        -> (Site, Site.Backup, Site)
    {
        let old = try await Site(options)
        let backup = try await old.backup()
        return (old, backup, try await Site(options, shelf: old.cluster.shelf, isEmpty: true))
    }

    @Test(arguments: dialects)
    func comesBackInAnotherCluster(options: ElasticsearchStandInOptions) async throws {
        let (old, backup, new) = try await pair(options)
        let plan = try await new.restore(backup, dryRun: true)
        #expect(plan.values.allSatisfy { $0.outcome == .create } && plan.count == 8)
        #expect(new.cluster.with { $0.indices.isEmpty && $0.repositories.isEmpty && $0.policies.isEmpty })

        let report = try await new.restore(backup)
        #expect(report.count == 8 && report.values.allSatisfy { $0.outcome == .create && $0.isWhole })
        #expect(report["repository 'dr'"]?.detail?.contains("read-only") == true)
        let before = old.cluster.with { $0 }, after = new.cluster.with { $0 }
        for (name, index) in before.indices {
            #expect(after.indices[name]?.documents == index.documents)
            #expect(after.indices[name]?.aliases == index.aliases)
        }
        #expect(after.templates["_index_template"] == before.templates["_index_template"])
        #expect(after.templates["_template"]?.keys.sorted() == ["jaeger-service"])
        #expect(after.policies.keys == before.policies.keys)
        // The write index keeps its policy and rolls over; the other must not be deleted because of its age.
        let name: JSONValue? = options.isOpenSearch ? Optional.none : "jaeger-ilm-policy"
        #expect(after.indices["jaeger-span-000002"]?.settings["index.lifecycle.name"] == name)
        #expect(after.indices["jaeger-span-000001"]?.settings["index.lifecycle.name"] == nil)

        let again = try await new.restore(backup)
        #expect(again.values.allSatisfy { $0.outcome == .same })
        old.expectNoViolations()
        new.expectNoViolations()
    }

    @Test func inTheClusterThatMadeItTheRepositoryIsForWriting() async throws {
        let site = try await Site()
        let backup = try await site.backup()
        site.cluster.with {
            $0.repositories = [:]
            $0.indices = [:]
        }
        _ = try await site.restore(backup)
        #expect(try await site.backup(run: "fedcba9876543210fedcba9876543210").facts["documents"] == "1557")
        site.expectNoViolations()
    }

    /// As in a drill, even if it shares the identity of the cluster that made the snapshots.
    @Test func whereItIsOnlyReadItCannotBeWrittenTo() async throws {
        let site = try await Site()
        let backup = try await site.backup()
        let onlyRead = SnapshotRepository("dr", .directory("/mnt/backups/jaeger"), isOnlyRead: true)
        // Registered for writing, as on the live cluster: nothing is restored there.
        let refused = await site.failure { _ = try await site.restore(backup, repository: onlyRead) }
        #expect(refused?.detail.contains("registered for writing") == true)
        #expect(refused?.hint?.contains("DELETE /_snapshot/dr") == true)

        site.cluster.with {
            $0.repositories = [:]
            $0.indices = [:]
        }
        let report = try await site.restore(backup, repository: onlyRead)
        #expect(report["repository 'dr'"]?.detail?.contains("read-only, as in every drill") == true)
        #expect(report["index 'jaeger-span-000001'"]?.outcome == .create)
        // The cluster itself refuses such a write anyway.
        let snapshots = site.snapshots
        let api = site.api()
        await #expect(throws: ElasticsearchAPIError.self) {
            try await api.deleteSnapshot(try #require(backup.facts["snapshot"]), in: "dr")
        }
        await #expect(throws: ElasticsearchAPIError.self) {
            _ = try await api.send(ElasticsearchCall("PUT", ["_snapshot", "dr", "another"], body: [:], needs: ""))
        }
        #expect(site.snapshots == snapshots && !snapshots.isEmpty)
        #expect(try await site.restore(backup, repository: onlyRead).values.allSatisfy { $0.outcome == .same })
    }

    @Test func whatIsInTheWayIsAConflictUnlessReplaced() async throws {
        let (_, backup, new) = try await pair()
        new.cluster.with {
            $0.add("jaeger-span-000001", documents: 5, shards: 2)
            $0.add("jaeger-span-000002", documents: 5, shards: 3)
            $0.policies["jaeger-ilm-policy"] = ["phases": [:]]
        }
        for isDryRun in [true, false] {
            let report = try await new.restore(backup, dryRun: isDryRun)
            #expect(report["index 'jaeger-span-000001'"]?.outcome == .conflict)
            #expect(report["index 'jaeger-span-000001'"]?.detail?.contains("--replace") == true)
            #expect(report["index 'jaeger-span-000002'"]?.outcome == .conflict)
            #expect(report["index 'jaeger-service-000001'"]?.outcome == .create)
            #expect(report["lifecycle policy 'jaeger-ilm-policy'"]?.outcome == .conflict)
        }
        #expect(new.cluster.with { $0.indices["jaeger-span-000001"]?.documents } == 5)

        let report = try await new.restore(backup, replaces: true)
        #expect(report["index 'jaeger-span-000001'"]?.outcome == .update)
        #expect(report["index 'jaeger-span-000002'"]?.detail?.contains("3 primary shards") == true)
        #expect(report["index 'jaeger-service-000001'"]?.outcome == .same)
        #expect(report["lifecycle policy 'jaeger-ilm-policy'"]?.outcome == .update)
        let index = new.cluster.with { $0.indices["jaeger-span-000001"] }
        #expect(index?.documents == 1200 && index?.isOpen == true)
        new.expectNoViolations()
    }

    @Test func withAPrefixItComesBesideWhatIsThere() async throws {
        let site = try await Site()
        let backup = try await site.backup()
        let report = try await site.restore(backup, prefix: "restored-")
        #expect(report["index 'restored-jaeger-span-000002'"]?.outcome == .create)
        #expect(report["index template 'jaeger-span'"]?.outcome == .skipped)
        let index = site.cluster.with { $0.indices["restored-jaeger-span-000002"] }
        #expect(index?.documents == 340 && index?.aliases.isEmpty == true)
        #expect(index?.settings["index.lifecycle.name"] == nil)
        #expect(site.cluster.with { $0.indices["jaeger-span-000002"]?.documents } == 340)
        #expect(try await site.restore(backup, prefix: "restored-").values.allSatisfy { $0.isWhole })
        for prefix in ["Old-", "_old", "$1", ""] {
            let error = await site.failure { _ = try await site.restore(backup, prefix: prefix) }
            #expect(error?.hint?.contains("--prefix") == true)
        }
        site.expectNoViolations()
    }

    @Test func anAliasThatACollectorMadeAnIndexOfIsNamed() async throws {
        let (_, backup, new) = try await pair()
        new.cluster.with { $0.add("jaeger-span-write", documents: 1) }
        let report = try await new.restore(backup, replaces: true)
        #expect(report["index 'jaeger-span-000001'"]?.detail?.contains("'jaeger-span-write'") == true)
        #expect(report["index 'jaeger-span-000001'"]?.outcome == .conflict)
        #expect(report["index 'jaeger-service-000001'"]?.outcome == .create)
        new.expectNoViolations()
    }

    @Test func aWriteAliasThatLeadsElsewhereIsNamed() async throws {
        let (_, backup, new) = try await pair()
        new.cluster.with {
            $0.add(
                "jaeger-span-000009", documents: 1, aliases: ["jaeger-span-write": ["is_write_index": true]])
        }
        let report = try await new.restore(backup)
        #expect(report["index 'jaeger-span-000002'"]?.detail?.contains("'jaeger-span-000009'") == true)
        #expect(report["index 'jaeger-span-000001'"]?.outcome == .create)
        new.expectNoViolations()
    }

    /// As Jaeger's es-rollover makes them without a lifecycle policy: after a rollover the alias leads to the new index.
    private static func rolled(_ cluster: inout ElasticsearchCluster, _ name: String) {
        for index in cluster.indices.keys { cluster.indices[index]?.aliases["jaeger-span-write"] = nil }
        cluster.add(name, documents: 3, aliases: ["jaeger-span-read": [:], "jaeger-span-write": [:]])
    }

    @Test func `an index is not restored behind a write alias that leads to another one`() async throws {
        let site = try await Site(isEmpty: true)
        site.cluster.with { Self.rolled(&$0, "jaeger-span-000001") }
        let backup = try await site.backup()
        site.cluster.with {
            Self.rolled(&$0, "jaeger-span-000002")
            $0.indices["jaeger-span-000001"] = nil
        }
        for isDryRun in [true, false] {
            let report = try await site.restore(backup, dryRun: isDryRun)
            let index = try #require(report["index 'jaeger-span-000001'"])
            #expect(index.outcome == .conflict)
            #expect(index.detail?.contains("'jaeger-span-write' writes into 'jaeger-span-000002'") == true)
        }
        #expect(site.cluster.with { $0.indices.keys.sorted() } == ["jaeger-span-000002"])
        // A restore into an empty cluster reproduces the original state.
        site.cluster.with { $0.indices = [:] }
        #expect(try await site.restore(backup).values.allSatisfy { $0.isWhole })
        #expect(site.cluster.with { $0.indices["jaeger-span-000001"]?.aliases.count } == 2)
        site.expectNoViolations()
    }

    @Test func `a rollover during the restore is reported`() async throws {
        let old = try await Site(isEmpty: true)
        old.cluster.with { Self.rolled(&$0, "jaeger-span-000001") }
        let backup = try await old.backup()
        let new = try await Site(shelf: old.cluster.shelf, isEmpty: true)
        let cluster = new.cluster
        cluster.server.fail { request in
            if request.path.hasSuffix("/_restore") { cluster.with { Self.rolled(&$0, "jaeger-span-000002") } }
            return nil
        }
        let report = try await new.restore(backup)
        let alias = try #require(report["alias 'jaeger-span-write'"])
        #expect(alias.outcome == .failed && alias.detail?.contains("has no write index") == true)
        // The stand-in refuses writers, as Elasticsearch does.
        let api = new.api()
        let error = await #expect(throws: ElasticsearchAPIError.self) {
            try await api.send(ElasticsearchCall("POST", ["jaeger-span-write", "_doc"], body: [:], needs: ""))
        }
        #expect(error?.detail.contains("no write index is defined for alias [jaeger-span-write]") == true)
        new.expectNoViolations()
    }

    // MARK: Faults

    /// Every number in an answer of the cluster is replaced: the program must not trap.
    @Test(arguments: StandInAnswer.oddNumbers)
    func `numbers of the cluster that cannot be are refused or ignored`(number: String) async throws {
        let site = try await Site()
        let backup = try await site.backup()
        site.cluster.server.alter { _, answer in
            // The list of indices has its numbers as texts.
            var answer = answer
            let text = String(decoding: answer.body, as: UTF8.self)
            answer.body = Array(text.replacing(#/"(pri|store.size)":"[0-9]+"/#) { "\"\($0.output.1)\":0" }.utf8)
            return answer.withNumbers(number)
        }
        func outcome(_ body: () async throws -> Void) async -> (any Error)? {
            do { try await body() } catch { return error }
            return nil
        }
        let ends = [
            await outcome {
                _ = try await site.backup(site.source(patience: .milliseconds(300)), run: "run-two-of-this")
            },
            await outcome { _ = try await site.restore(backup, replaces: true, patience: .milliseconds(300)) },
        ]
        #expect(ends.allSatisfy { $0 == nil || $0 is ComponentError }, "\(ends)")
    }

    @Test func aSnapshotThatIsGoneIsSaidSo() async throws {
        let (_, backup, new) = try await pair()
        new.cluster.shelf.change(at: "fs:/mnt/backups/jaeger") { $0 = [:] }
        let error = await new.failure { _ = try await new.restore(backup) }
        #expect(error?.detail.contains("no longer has this snapshot") == true && error?.hint?.contains("--at") == true)
        new.expectNoViolations()
    }

    @Test func anotherSnapshotOfThatNameIsRefused() async throws {
        let (_, backup, new) = try await pair()
        let name = try #require(backup.facts["snapshot"])
        new.cluster.shelf.change(at: "fs:/mnt/backups/jaeger") { $0[name]?["info"]?["uuid"] = "another" }
        let error = await new.failure { _ = try await new.restore(backup) }
        #expect(error?.reason == .damaged)
        #expect(new.cluster.with { $0.indices.isEmpty })
    }

    @Test func documentsThatAreMissingAfterwardsAreAFailure() async throws {
        let (_, backup, new) = try await pair()
        new.cluster.with { $0.lostInRestore = 1 }
        let report = try await new.restore(backup)
        let index = try #require(report["index 'jaeger-span-000001'"])
        #expect(index.outcome == .failed && index.detail?.contains("1199 documents, the backup has 1200") == true)
    }

    @Test func aPartialSnapshotBringsWhatItHas() async throws {
        let old = try await Site()
        old.cluster.with { $0.indices["jaeger-span-000001"]?.lostShards = [0: "node left"] }
        let backup = try await old.backup()
        let new = try await Site(shelf: old.cluster.shelf, isEmpty: true)
        let report = try await new.restore(backup)
        let index = try #require(report["index 'jaeger-span-000001'"])
        #expect(index.outcome == .failed && index.detail?.contains("shard 0: node left") == true)
        #expect(new.cluster.with { $0.indices["jaeger-span-000001"]?.documents } == 600)
        #expect(report["index 'jaeger-span-000002'"]?.outcome == .create)
        new.expectNoViolations()
    }

    @Test func shardsThatDoNotComeUpAreAFailure() async throws {
        let (_, backup, new) = try await pair()
        new.cluster.with { $0.neverRecovers = true }
        let report = try await new.restore(backup, patience: .milliseconds(300))
        #expect(report["index 'jaeger-span-000001'"]?.detail?.contains("allocation/explain") == true)
        #expect(report["index 'jaeger-span-000001'"]?.outcome == .failed)
    }

    @Test func oneThatIsRefusedCostsTheOthersNothing() async throws {
        let (_, backup, new) = try await pair()
        let cluster = new.cluster
        cluster.server.fail { request in
            guard request.path.hasSuffix("/_restore"), request.json?["indices"]?.text?.contains("service") == true
            else { return nil }
            return .json(
                500, ["error": ["type": "snapshot_restore_exception", "reason": "cannot restore"], "status": 500])
        }
        let report = try await new.restore(backup)
        #expect(report["index 'jaeger-service-000001'"]?.outcome == .failed)
        #expect(report["index 'jaeger-service-000001'"]?.detail?.contains("cannot restore") == true)
        #expect(report["index 'jaeger-span-000002'"]?.outcome == .create)
    }

    @Test func anAnswerToTheRestoreThatIsLostIsLookedFor() async throws {
        let (_, backup, new) = try await pair()
        let cluster = new.cluster
        cluster.server.fail { request in
            guard request.path.hasSuffix("/_restore") else { return nil }
            _ = cluster.with { $0.answer(request) }
            return .text(502, "bad gateway")
        }
        #expect(try await new.restore(backup).values.allSatisfy { $0.outcome == .create })
    }

    @Test func weakCredentialsAreToldWhatTheyLack() async throws {
        let old = try await Site()
        let backup = try await old.backup()
        var options = ElasticsearchStandInOptions()
        options.denied = ["cluster:admin/snapshot/restore", "indices:admin/index_template/put"]
        let new = try await Site(options, shelf: old.cluster.shelf, isEmpty: true)
        let report = try await new.restore(backup)
        #expect(report["index 'jaeger-span-000001'"]?.detail?.contains("cluster:admin/snapshot/") == true)
        #expect(report["index template 'jaeger-span'"]?.detail?.contains("manage_index_templates") == true)
        #expect(report["index 'jaeger-span-000001'"]?.outcome == .failed)
    }

    @Test func replicasWithoutNodesAreYellowAndWhole() async throws {
        let old = try await Site()
        old.cluster.with { $0.add("jaeger-span-000003", documents: 3, replicas: 1) }
        let backup = try await old.backup()
        let new = try await Site(shelf: old.cluster.shelf, isEmpty: true)
        let index = try #require(try await new.restore(backup)["index 'jaeger-span-000003'"])
        #expect(index.outcome == .create && index.detail?.contains("yellow") == true)
        #expect(new.cluster.with { $0.indices["jaeger-span-000003"]?.settings["index.number_of_replicas"] } == "1")
    }

    @Test func nodesThatAreNotThereDoNotHoldAnIndex() async throws {
        let old = try await Site()
        let key = "index.routing.allocation.require.box"
        old.cluster.with { $0.indices["jaeger-span-000001"]?.settings[key] = "warm" }
        let backup = try await old.backup()
        let new = try await Site(shelf: old.cluster.shelf, isEmpty: true)
        let report = try await new.restore(backup)
        #expect(report["index 'jaeger-span-000001'"]?.detail?.contains(key) == true)
        #expect(new.cluster.with { $0.indices["jaeger-span-000001"]?.settings[key] } == nil)
    }

    @Test(arguments: [
        (
            ElasticsearchStandInOptions.elasticsearch("8.11.3"), ElasticsearchStandInOptions.elasticsearch("7.17.9"),
            false
        ),
        (.elasticsearch("7.17.9"), .elasticsearch("8.11.3"), true),
        (.elasticsearch("7.17.9"), .elasticsearch("9.2.0"), false),
        (.opensearch("2.11.0"), .elasticsearch("8.11.3"), false),
        (.elasticsearch("7.10.2"), .opensearch("2.11.0"), true),
        (.elasticsearch("8.11.3"), .opensearch("2.11.0"), false), (.opensearch("2.11.0"), .opensearch("3.1.0"), true),
    ])
    func aClusterThatCannotReadItIsRefused(
        from: ElasticsearchStandInOptions, to: ElasticsearchStandInOptions, fits: Bool
    ) async throws {
        let old = try await Site(from)
        let backup = try await old.backup()
        let new = try await Site(to, shelf: old.cluster.shelf, isEmpty: true)
        if fits {
            #expect(try await new.restore(backup).values.allSatisfy { $0.isWhole })
        } else {
            let error = await new.failure { _ = try await new.restore(backup) }
            #expect(error?.detail.contains("made it") == true && error?.hint != nil)
            #expect(new.cluster.with { $0.repositories.isEmpty })
        }
    }

    @Test func aTreeThatDescribesNoSnapshotIsRefused() async throws {
        let (_, backup, new) = try await pair()
        try FileManager.default.removeItem(atPath: "\(backup.tree)/snapshot.json")
        let error = await new.failure { _ = try await new.restore(backup) }
        #expect(error?.reason == .damaged)
    }
}
