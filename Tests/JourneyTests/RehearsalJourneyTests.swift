import Foundation
import Lab
import Testing

/// Rehearsals, and the requests of partial restores.
@Suite struct RehearsalJourneyTests {
    private static let plan = """
        scenario: loss
        steps:
          - {id: first, run: ["false"], timeout: 1m}
          - {id: tree, needs: [first], restore: {component: tree, to: "/nowhere/else"}, timeout: 5m}

        """

    private struct Answer: Decodable {
        struct Transfer: Decodable {
            var wantedBytes: Int
            var fetchedBytes: Int
            var requests: Int
        }
        struct Restore: Decodable {
            struct Damage: Decodable { var path: String }
            var step: String?
            var files: Int
            var damage: [Damage]
        }
        var restores: [Restore]?
        var skipped: [String]?
        var transfer: Transfer
    }

    private func started() async throws -> Journey {
        let journey = try await Journey()
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(Self.plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        for number in 0..<30 {
            var random = CorpusRandom(seed: UInt64(number + 1))
            let bytes = (0..<100_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            try FileManager.default.createDirectory(at: journey.data, withIntermediateDirectories: true)
            try Data(bytes).write(to: journey.data.appending(path: "\(number)"))
        }
        try await journey.expect(0, "backup")
        return journey
    }

    private func answer(
        _ journey: Journey, _ status: Int32, _ schema: String, _ arguments: String...
    ) async throws -> Answer {
        let run = try await journey.dr(arguments + ["--json"])
        #expect(run.status == status, "\(run.output)\(run.errors)")
        let document = Data(run.output.utf8)
        #expect(try await journey.objections(to: document, schema: "output.schema.json", schema) == "")
        return try JSONDecoder().decode(Answer.self, from: document)
    }

    @Test func `a rehearsal reads all data, writes no target, and feeds the forecast`() async throws {
        let journey = try await started()
        let one = try await answer(journey, 0, "restoreRehearsal", "restore", "--component", "tree", "--rehearse")
        #expect(one.restores?.first?.files == 30 && one.transfer.wantedBytes == 3_000_000)
        #expect(one.transfer.fetchedBytes > 3_000_000 && one.transfer.requests > 3)
        let plan = try await answer(journey, 0, "restoreRehearsal", "restore", "--scenario", "loss", "--rehearse")
        #expect(plan.skipped == ["first"] && plan.restores?.first?.step == "tree")
        #expect(!FileManager.default.fileExists(atPath: "/nowhere"))
        let shown = try await journey.expect(0, "plan", "show", "loss")
        #expect(shown.output.contains("at least"), "\(shown.output)")
        let refused = try await journey.expect(
            2, "restore", "--component", "tree", "--rehearse", "--to", "out")
        #expect(refused.errors.contains("--rehearse"))

        let packs = journey.repository.appending(path: "tree/packs")
        let names = try FileManager.default.contentsOfDirectory(atPath: packs.path).filter { $0.hasSuffix(".tar.gz") }
        // A pack may hold only folders, which a restore reads from its index.
        let contents = try names.map { name in
            let pack = packs.appending(path: name)
            return (pack, try Data(contentsOf: pack))
        }
        let largest = try #require(contents.max { $0.1.count < $1.1.count })
        let pack = largest.0
        var bytes = largest.1
        // In the content of a file: a flip in the time of a gzip header does no harm.
        bytes[bytes.count / 2 + 50_000] ^= 1
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: pack.path)
        try bytes.write(to: pack)
        let damaged = try await answer(
            journey, 4, "restoreRehearsal", "restore", "--scenario", "loss", "--rehearse")
        #expect(damaged.restores?.first.map { !$0.damage.isEmpty && $0.files + $0.damage.count == 30 } == true)
        let ledger = try await journey.expect(0, "ledger", "list")
        #expect(ledger.output.contains("rehearsal") && ledger.output.contains("damaged"), "\(ledger.output)")
    }

    @Test func `a small file of a known set costs four requests`() async throws {
        let journey = try await started()
        let sets = journey.repository.appending(path: "sets")
        let set = try #require(
            try FileManager.default.contentsOfDirectory(atPath: sets.path).first { $0.hasSuffix("Z.json") }
        ).replacing(".json", with: "")
        let named = try await answer(
            journey, 0, "restore", "restore", "--component", "tree", "--to", "a", "--at", set, "7")
        #expect(named.transfer.wantedBytes == 100_000)
        #expect(named.transfer.requests <= 4 && named.transfer.fetchedBytes <= 150_000, "\(named.transfer)")
        let latest = try await answer(journey, 0, "restore", "restore", "--component", "tree", "--to", "b", "7")
        #expect(latest.transfer.requests <= 10 && latest.transfer.fetchedBytes <= 150_000, "\(latest.transfer)")
        // Another machine fetches the manifest and the index too.
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "state"))
        let bare = try await answer(
            journey, 0, "restore", "restore", "--component", "tree", "--to", "c", "--at", set, "7")
        #expect(bare.transfer.requests == named.transfer.requests + 2, "\(bare.transfer)")
        #expect(bare.transfer.fetchedBytes > named.transfer.fetchedBytes)
    }
}
