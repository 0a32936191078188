import Foundation
import Lab
import Testing

/// `store: tiers:`, `dr tier` and `dr thaw`.
@Suite struct TierTests {
    private struct Backup: Decodable { var name: String }

    private struct Tiered: Decodable {
        struct Sum: Decodable, Equatable { var `class`: String, packs: Int }
        struct Kept: Decodable { var packs: Int }

        var moved: [Sum]
        var kept: [String: Kept]
        var refused: [Refused]

        struct Refused: Decodable { var `class`: String, reason: String }
    }

    private static let plan = """
        scenario: loss
        steps: [{id: tree, restore: {component: tree, to: "/nowhere/else"}, timeout: 5m}]

        """

    /// Text that does not compress below the smallest pack that moves.
    private func noise() -> String {
        var text = ""
        for _ in 0..<40_000 { text += String(UInt64.random(in: .min ... .max), radix: 16) }
        return text
    }

    private func journey(_ server: any S3Server) async throws -> Journey {
        try await Journey(
            s3: server, store: "tiers: {cold: {after: 1s, class: GLACIER}}", extra: "retention: {keep_last: 10}")
    }

    @Test func `an old set is archived, refused with hours, thawed, and restored whole`() async throws {
        let journey = try await journey(try await SharedS3Server.moto())
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(Self.plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        let old = noise()
        try journey.write("a", old)
        let first = try await journey.json(Backup.self, "backup").name
        try await Journey.nextSecond()
        try journey.write("a", noise())
        try await journey.expect(0, "backup")
        try await Journey.nextSecond()
        try await Journey.nextSecond()

        let expected = [Tiered.Sum(class: "GLACIER", packs: 1)]
        #expect(try await journey.json(Tiered.self, "tier", "--dry-run").moved == expected)
        for (command, name) in [
            (["tier"], "tier"), (["thaw", "--set", "latest"], "thaw"), (["stats", "--cost"], "stats --cost"),
        ] {
            let document = try await journey.dr(command + ["--json"])
            #expect(document.status == 0, "\(document.errors)")
            let objections = try await journey.objections(
                to: Data(document.output.utf8), schema: "output.schema.json", name)
            #expect(objections == "", "\(name): \(objections)")
        }
        let again = try await journey.json(Tiered.self, "tier")
        #expect(again.moved == [] && again.kept["there"]?.packs == 1 && again.kept["young"]?.packs == 1)

        try await journey.expect(0, "restore", "--component", "tree", "--to", "newest")
        try await journey.expect(0, "backup")
        try await journey.expect(0, "verify")
        let refused = try await journey.expect(
            1, "restore", "--component", "tree", "--at", first, "--to", "out")
        #expect(refused.errors.contains("Standard up to 5h 0m"), "\(refused.errors)")
        #expect(refused.errors.contains("dr thaw --set \(first) --wait"), "\(refused.errors)")
        for command in [
            ["restore", "--component", "tree", "--at", first, "--to", "out", "a"],
            ["restore", "--component", "tree", "--at", first, "--rehearse"],
            ["restore", "--scenario", "loss", "--at", first, "--rehearse"],
            ["verify", first, "--read-data"], ["verify", "--read-data"],
        ] {
            let run = try await journey.dr(command)
            #expect(run.status == 1 && run.errors.contains("1 pack ("), "\(command): \(run.errors)")
            #expect(run.errors.contains("Standard up to 5h 0m"), "\(command): \(run.errors)")
            #expect(run.errors.contains("dr thaw --set \(first) --wait"), "\(command): \(run.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: journey.folder.path + "/out"))
        try await journey.expect(0, "verify", "latest", "--read-data")
        let preview = try await journey.expect(0, "restore", "--scenario", "loss", "--at", first, "--dry-run")
        #expect(preview.output.contains("time: at least 5h 0m"), "\(preview.output)")
        #expect(preview.output.contains("a thaw of archived packs before the run: 5h 0m"), "\(preview.output)")

        let thawed = try await journey.expect(0, "thaw", "--set", first, "--days", "2", "--wait")
        #expect(thawed.output.contains("all can be read until"), "\(thawed.output)")
        try await journey.expect(0, "restore", "--component", "tree", "--at", first, "--to", "out")
        let restored = try Data(contentsOf: journey.folder.url.appending(path: "out/a"))
        #expect(restored == Data(old.utf8))
    }

    /// The fields of an object that tell its lock and its class.
    private func state(of key: String, in bucket: String, _ server: some S3Server) async throws -> [String] {
        let answer = try await server.signedCurl(["-I", "\(server.endpoint)/\(bucket)/\(key)"])
        let wanted = ["x-amz-object-lock-", "x-amz-storage-class"]
        return answer.split(whereSeparator: \.isNewline).map { $0.lowercased() }
            .filter { line in wanted.contains { line.hasPrefix($0) } }.sorted()
    }

    @Test func `a locked pack keeps its lock when it moves`() async throws {
        let server = try await SharedS3Server.moto()
        let bucket = "lock-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket, hasObjectLock: true)
        let journey = try await Journey(
            s3: server, bucket: bucket,
            store: "lock: {mode: governance}, tiers: {cold: {after: 1s, class: GLACIER}}",
            extra: "retention: {keep_last: 10}")
        try journey.write("a", noise())
        try await journey.expect(0, "backup")
        let listing = try await server.signedCurl(["\(server.endpoint)/\(bucket)?list-type=2"])
        let keys = listing.components(separatedBy: "<Key>").map { String($0.prefix { $0 != "<" }) }
            .filter { $0.contains("/packs/") && $0.hasSuffix(".tar.gz") }
        let key = try #require(keys.first)
        #expect(keys.count == 1)
        try await Journey.nextSecond()
        try journey.write("a", noise())
        try await journey.expect(0, "backup")
        try await Journey.nextSecond()
        try await Journey.nextSecond()
        let before = try await state(of: key, in: bucket, server)
        #expect(before.count == 2 && before.contains("x-amz-object-lock-mode: governance"), "\(before)")
        let run = try await journey.json(Tiered.self, "tier")
        #expect(run.moved == [Tiered.Sum(class: "GLACIER", packs: 1)])
        let after = try await state(of: key, in: bucket, server)
        #expect(after == before + ["x-amz-storage-class: glacier"])
    }

    @Test func `a store without classes is named, and nothing changes`() async throws {
        let journey = try await journey(try await SharedS3Server.seaweedFS())
        try journey.write("a", noise())
        let first = try await journey.json(Backup.self, "backup").name
        try await Journey.nextSecond()
        try journey.write("a", noise())
        try await journey.expect(0, "backup")
        try await Journey.nextSecond()
        try await Journey.nextSecond()
        let run = try await journey.expect(1, "tier")
        #expect(run.errors.contains("did not pass the trial of class GLACIER"), "\(run.errors)")
        try await journey.expect(0, "restore", "--component", "tree", "--at", first, "--to", "out")
    }

    @Test func `tiers are needed, and an address with classes`() async throws {
        let journey = try await Journey()
        let run = try await journey.expect(2, "tier")
        #expect(run.errors.contains("dr.yaml has no tiers"), "\(run.errors)")
        let place = try TemporaryFolder("copy")
        let copied = try await Journey(store: "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]")
        copied.keep(place)
        let copy = try await copied.expect(2, "tier", "--copy", "offsite")
        #expect(copy.errors.contains("copy 'offsite' has no tiers"), "\(copy.errors)")
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        let thaw = try await journey.expect(0, "thaw", "--set", "latest")
        #expect(thaw.output.contains("no pack is archived"), "\(thaw.output)")
    }
}
