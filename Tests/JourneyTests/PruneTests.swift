import Foundation
import Lab
import Testing

/// `dr prune` and `dr pin` as a user types them.
@Suite struct PruneTests {
    private struct SetAnswer: Decodable { var name: String }
    private struct Answer: Decodable {
        struct Line: Decodable {
            var name: String
            var fate: String
            var reasons: [String]
        }
        struct Counts: Decodable { var sets, packs, bytes: Int }
        var sets: [Line]
        struct Locked: Decodable {
            struct Held: Decodable {
                var object: String
                var until: String?
            }
            var objects: Int
            var until: String?
            var first: [Held]
        }
        var removed: Counts
        var announced: Counts
        var locked: Locked
    }

    private func history(
        _ extra: String, s3: (any S3Server)? = nil, bucket: String = SharedS3Server.bucket, store: String = "",
        contents: [String] = (1...3).map { "version \($0)\n" }
    ) async throws -> (Journey, [String]) {
        let journey = try await Journey(s3: s3, bucket: bucket, store: store, extra: extra)
        var names: [String] = []
        for content in contents {
            try journey.write("a", content)
            names.append(try await journey.json(SetAnswer.self, "backup", "--no-prune").name)
        }
        // Runs of one second get the names of the seconds that follow, and what is of the future is kept.
        func now() async throws -> String {
            try await CommandRun.run("/bin/date", ["-u", "+%Y%m%dT%H%M%SZ"]).output.trimmingCharacters(in: .newlines)
        }
        while try await now() <= names[2] { try await Task.sleep(for: .milliseconds(50)) }
        return (journey, names)
    }

    @Test func `sets go in two steps with a reason for each`() async throws {
        let (journey, names) = try await history("retention: {keep_last: 1, largest_drop: 100%}")
        let dry = try await journey.json(Answer.self, "prune", "--dry-run")
        #expect(
            dry.sets.map(\.name) == names && dry.sets.map(\.fate) == ["announced", "announced", "kept"], "\(dry.sets)")
        #expect(dry.sets.allSatisfy { !$0.reasons.isEmpty } && dry.announced.bytes > 0)
        #expect(try await journey.expect(0, "prune").output.contains("announced"))
        #expect(try await journey.expect(0, "list").output.split(separator: "\n").count == 4)

        try await journey.expect(0, "pin", names[0], "--until", "forever", "--reason", "audit")
        let now = try await journey.json(Answer.self, "prune", "--grace", "0s")
        #expect(now.sets.map(\.fate) == ["kept", "removed", "kept"] && now.removed.sets == 1)
        try await journey.expect(0, "verify", "--read-data")
        let list = try await journey.expect(0, "list")
        #expect(list.output.contains("pinned for ever") && !list.output.contains(names[1]))
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--at", names[0])
        let restored = journey.folder.url.appending(path: "out/a")
        #expect(try String(contentsOf: restored, encoding: .utf8) == "version 1\n")
    }

    /// No set shrank enough to be suspicious by itself.
    @Test func `a set that is much larger than those that remain outlives the policy until an operator drops it`()
        async throws
    {
        let (journey, names) = try await history(
            "retention: {keep_last: 1, largest_drop: 100%}",
            contents: [200, 120, 70].map { String(repeating: "x", count: $0 * 1024) })
        let dry = try await journey.json(Answer.self, "prune", "--dry-run")
        #expect(dry.sets.map(\.fate) == ["kept", "announced", "kept"], "\(dry.sets)")
        #expect(dry.sets.first?.reasons == ["protected: the remaining backups have at most 70.0 KiB, this one 200 KiB"])
        #expect(try await journey.json(Answer.self, "prune", "--grace", "0s").removed.sets == 1)
        #expect(try await journey.expect(0, "list").output.contains(names[0]))
        try await journey.expect(0, "drop", names[0], "--yes", "--reason", "the data were too large")
        #expect(try await journey.json(Answer.self, "prune", "--grace", "0s").removed.sets == 1)
        #expect(!(try await journey.expect(0, "list").output.contains(names[0])))
    }

    @Test func `a backup prunes and a frozen prune is loud but harmless`() async throws {
        let (journey, _) = try await history("retention: {keep_last: 1, largest_drop: 100%}")
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("announced: 3 sets"))
        let sets = journey.repository.appending(path: "sets")
        let first = try #require(try FileManager.default.contentsOfDirectory(atPath: sets.path).min())
        try Data("damaged".utf8).write(to: sets.appending(path: first))
        let frozen = try await journey.expect(0, "backup")
        #expect(frozen.errors.contains("pruning is frozen"))
        let refused = try await journey.expect(1, "prune", "--grace", "0s")
        #expect(refused.errors.contains("hint: ") && refused.errors.contains(first))
    }

    /// Of two prunes at once, both do the work and neither harms the other's.
    @Test func `two prunes at once are one`() async throws {
        let (journey, names) = try await history("retention: {keep_last: 1, largest_drop: 100%}")
        for round in 1...3 {
            try journey.write("a", "round \(round)\n")
            try await journey.expect(0, "backup", "--no-prune")
            async let first = journey.dr(["prune", "--grace", "0s"])
            async let second = journey.dr(["prune", "--grace", "0s"])
            for run in [try await first, try await second] { #expect(run.status == 0, "\(run.errors)") }
            try await journey.expect(0, "verify", "--read-data")
        }
        try await journey.expect(0, "prune", "--grace", "0s")
        let list = try await journey.expect(0, "list").output
        #expect(names.allSatisfy { !list.contains($0) })
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let restored = journey.folder.url.appending(path: "out/a")
        #expect(try String(contentsOf: restored, encoding: .utf8) == "round 3\n")
        let marks = try FileManager.default.subpathsOfDirectory(
            atPath: journey.repository.appending(path: "marks").path)
        #expect(!marks.contains { $0.hasPrefix("prune/") && $0.hasSuffix(".json") }, "\(marks)")
    }

    /// Backup, prune, verify, restore, all of it in a bucket.
    @Test func `a repository on S3 is pruned`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let (journey, names) = try await history("retention: {keep_last: 1, largest_drop: 100%}", s3: server)
        let report = try await journey.json(Answer.self, "prune", "--grace", "0s")
        #expect(report.sets.map(\.fate) == ["removed", "removed", "kept"] && report.removed.packs == 2)
        try await journey.expect(0, "verify", "--read-data")
        let list = try await journey.expect(0, "list").output
        #expect(list.contains(names[2]) && !list.contains(names[0]) && !list.contains(names[1]))
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let restored = journey.folder.url.appending(path: "out/a")
        #expect(try String(contentsOf: restored, encoding: .utf8) == "version 3\n")
    }

    /// In a bucket that locks, nothing is lost before its time, and everything says so.
    @Test func `prune keeps and reports objects that the bucket locks`() async throws {
        let server = try await SharedS3Server.seaweedFS()
        let bucket = "lock-\(UUID().uuidString.lowercased())"
        try await server.makeBucket(bucket, hasObjectLock: true)
        let (journey, names) = try await history(
            "retention: {keep_last: 1, largest_drop: 100%}", s3: server, bucket: bucket,
            store: "lock: {mode: compliance, margin: 1d}")
        let doctor = try await journey.expect(0, "doctor")
        #expect(doctor.output.contains("set, extended and read back, compliance"))
        let report = try await journey.json(Answer.self, "prune", "--grace", "0s")
        #expect(report.sets.map(\.fate) == ["locked", "locked", "kept"] && report.removed.sets == 0)
        #expect(report.locked.objects >= 2 && report.locked.until != nil, "\(report.locked)")
        #expect(report.locked.first.contains { $0.object == "sets/\(names[0]).json" && $0.until != nil })
        let text = try await journey.expect(0, "prune", "--grace", "0s")
        #expect(
            text.output.contains("locked, dr retries later: ") && !text.errors.contains("warning"), "\(text.errors)")
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out", "--at", names[0])
        let restored = journey.folder.url.appending(path: "out/a")
        #expect(try String(contentsOf: restored, encoding: .utf8) == "version 1\n")
    }

    @Test func `the doctor warns of a bucket that cannot lock`() async throws {
        let journey = try await Journey(
            s3: try await SharedS3Server.seaweedFS(), store: "lock: {mode: governance, margin: 1d}")
        let doctor = try await journey.dr(["doctor"])
        #expect(doctor.output.contains("does not have object lock: objects cannot be locked"), "\(doctor.output)")
    }

    /// SIGKILL at moments spread over prunes, with backups beside them.
    @Test func `killed prunes beside backups harm nothing`() async throws {
        let (journey, _) = try await history("retention: {keep_last: 1, largest_drop: 100%}")
        for round in 1...5 {
            try journey.write("a", "round \(round)\n")
            try journey.write("b\(round)", String(repeating: "\(round) ", count: 9000))
            async let backup = journey.dr(["backup", "--no-prune"])
            async let prune = journey.dr(["prune", "--grace", "0s"], killAfter: .milliseconds(20 * round))
            let ended = try await backup
            _ = try await prune
            #expect(ended.status == 0, "\(ended.errors)")
            try await journey.expect(0, "verify", "--read-data")
        }
        try await journey.expect(0, "prune", "--grace", "0s")
        try await journey.expect(0, "verify", "--read-data")
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", journey.data.path, journey.folder.url.appending(path: "out").path])
        #expect(diff.status == 0, "\(diff.output)")
    }
}
