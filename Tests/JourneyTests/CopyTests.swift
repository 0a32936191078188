import Foundation
import Lab
import Testing

/// `store: copies:`, `dr copy`, and the end of `dr backup`.
@Suite struct CopyTests {
    private struct Copied: Decodable {
        struct Outcome: Decodable {
            var sets: [String]
            var error: String?
            var newest: String?
        }

        var copies: [Outcome]
    }

    private func journey(
        _ place: TemporaryFolder, s3: (any S3Server)? = nil, more: String = ""
    ) async throws -> Journey {
        let url = "file://\(place.path)/second"
        let journey = try await Journey(s3: s3, store: "copies: [{name: offsite, url: \"\(url)\"\(more)}]")
        journey.keep(place)
        try journey.write("a", "one")
        return journey
    }

    @Test func `each backup is copied, and a lost store is restored from the copy`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        let first = try await journey.expect(0, "backup")
        #expect(first.errors.contains("copy offsite: copied 1 set"), "\(first.errors)")
        let dry = try await journey.json(Copied.self, "copy", "--dry-run")
        #expect(dry.copies.map(\.sets) == [[]])
        try FileManager.default.removeItem(at: journey.repository)
        try await journey.expect(0, "verify", "--copy", "offsite", "--read-data")
        try await journey.expect(0, "restore", "--copy", "offsite", "--component", "tree", "--to", "out")
        let restored = try Data(contentsOf: journey.folder.url.appending(path: "out/a"))
        #expect(restored == Data("one".utf8))
    }

    @Test func `a copy that is away fails no backup, and catches up`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        // A file in place of the directory: also root cannot write to it.
        let second = place.url.appending(path: "second")
        try Data().write(to: second)
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("warning: copy offsite: failed"), "\(run.errors)")
        #expect(run.errors.contains("the backup is complete"), "\(run.errors)")
        let status = try await journey.expect(0, "status")
        #expect(status.errors.contains("the last attempt failed"), "\(status.errors)")
        #expect(status.output.contains("copy offsite: no set yet"), "\(status.output)")
        try await journey.expect(3, "copy")

        try FileManager.default.removeItem(at: second)
        let copied = try await journey.json(Copied.self, "copy")
        #expect(copied.copies.first?.sets.count == 1 && copied.copies.first?.error == nil)
        let after = try await journey.expect(0, "status")
        #expect(after.output.contains("copy offsite: up to date"), "\(after.output)")
        for (command, name) in [(["status"], "status"), (["copy"], "copy"), (["backup"], "backup")] {
            let document = try await journey.dr(command + ["--json"])
            let objections = try await journey.objections(
                to: Data(document.output.utf8), schema: "output.schema.json", name)
            #expect(objections == "", "\(name): \(objections)")
        }
    }

    @Test func `a copy that is gone from its place begins anew only if an operator says so`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        let second = place.url.appending(path: "second")
        let first = try await journey.dr(["doctor"])
        #expect(first.output.contains("`dr copy offsite` creates it"), "\(first.output)")
        let list = try await journey.expect(1, "list", "--copy", "offsite")
        #expect(!list.errors.contains("dr init") && list.errors.contains("`dr copy offsite`"), "\(list.errors)")
        let repair = try await journey.expect(1, "repair", "--copy", "offsite")
        #expect(repair.errors.contains("`dr copy offsite` begins the copy"), "\(repair.errors)")
        #expect(!FileManager.default.fileExists(atPath: second.path))
        try await journey.expect(0, "backup")

        // The mount point of a volume that is away.
        try FileManager.default.removeItem(at: second)
        try FileManager.default.createDirectory(at: second, withIntermediateDirectories: false)
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("`dr copy offsite --create`"), "\(run.errors)")
        let lost = try await journey.expect(1, "repair", "--copy", "offsite")
        #expect(lost.errors.contains("`dr copy offsite --create` begins the copy anew"), "\(lost.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: second.path) == [])
        let doctor = try await journey.dr(["doctor"])
        #expect(doctor.output.contains("but this machine saw set"), "\(doctor.output)")
        try FileManager.default.removeItem(at: second)
        try await journey.expect(3, "copy", "--dry-run")
        try await journey.expect(3, "copy")
        try await journey.expect(1, "repair", "--copy", "offsite", "--dry-run")
        try await journey.expect(1, "repair", "--copy", "offsite")
        #expect(!FileManager.default.fileExists(atPath: second.path))

        let preview = try await journey.expect(0, "copy", "--create", "--dry-run")
        #expect(preview.output.contains("would copy 2 sets"), "\(preview.output)")
        #expect(!FileManager.default.fileExists(atPath: second.path))
        try await journey.expect(0, "copy", "--create")
        let again = try await journey.expect(0, "copy", "--dry-run")
        #expect(again.output.contains("copy offsite: up to date"), "\(again.output)")
        try await journey.expect(0, "verify", "--copy", "offsite", "--read-data")
    }

    @Test func `a copy that lacks a pack is not up to date`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        try await journey.expect(0, "backup")
        let pack = try #require(try packs(place.url.appending(path: "second")).first)
        try FileManager.default.removeItem(at: pack)
        for command in [["copy", "--dry-run"], ["copy", "--no-prune"], ["copy"]] {
            let run = try await journey.dr(command)
            #expect(run.status == 3 && !run.output.contains(": up to date"), "\(command): \(run.output)\(run.errors)")
            #expect(run.output.contains(pack.lastPathComponent), "\(command): \(run.output)")
            #expect(run.output.contains("`dr repair --copy offsite`"), "\(command): \(run.output)")
            #expect(!run.errors.contains("`dr repair`") && !run.errors.contains("`dr verify`"), "\(run.errors)")
        }
        let known = try await journey.expect(0, "status")
        #expect(known.output.contains("copy offsite: not up to date"), "\(known.output)")
        #expect(known.errors.contains("`dr repair --copy offsite`"), "\(known.errors)")
        #expect(!known.errors.contains("brings it up to date"), "only a repair does")
        let document = try await journey.dr(["copy", "--json"])
        let objections = try await journey.objections(
            to: Data(document.output.utf8), schema: "output.schema.json", "copy")
        #expect(objections == "", "\(objections)")
        try await journey.expect(0, "repair", "--copy", "offsite")
        let whole = try await journey.expect(0, "copy")
        #expect(whole.output.contains("copy offsite: up to date"), "\(whole.output)")
    }

    @Test func `what only looks like a set goes from a copy when an operator names it`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        try await journey.expect(0, "backup")
        let name = "20260101T000000Z"
        let junk = place.url.appending(path: "second/sets/\(name).json")
        try Data("{}".utf8).write(to: junk)
        let frozen = try await journey.dr(["copy"])
        #expect(frozen.errors.contains("`dr drop \(name) --copy offsite --reason"), "\(frozen.output)\(frozen.errors)")
        let repair = try await journey.expect(3, "repair", "--copy", "offsite")
        #expect(repair.errors.contains("`dr drop \(name) --copy offsite --reason"), "\(repair.errors)")
        try await journey.expect(2, "drop", name, "--reason", "junk", "--yes", "--grace", "0s")
        #expect(FileManager.default.fileExists(atPath: junk.path), "the first store has no such set")
        try await journey.expect(2, "drop", name, "--copy", "onsite", "--reason", "junk", "--yes")
        let sets = try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/second/sets")
        let own = try #require(sets.filter { $0.hasSuffix(".json") && !$0.hasPrefix(name) }.first)
        let last = try await journey.expect(
            2, "drop", String(own.dropLast(5)), "--copy", "offsite", "--reason", "junk", "--yes")
        #expect(last.errors.contains("in copy offsite") && last.errors.contains("`dr copy offsite`"), "\(last.errors)")
        try await journey.expect(0, "drop", name, "--copy", "offsite", "--reason", "junk", "--yes", "--grace", "0s")
        #expect(!FileManager.default.fileExists(atPath: junk.path))
        let copied = try await journey.expect(0, "copy")
        #expect(copied.output.contains("copy offsite: up to date"), "\(copied.output)")
        #expect(!copied.errors.contains("frozen"), "\(copied.errors)")
        try await journey.expect(0, "verify", "--copy", "offsite", "--read-data")
    }

    @Test func `a good set is not dropped from a copy by mistake, and stays in the first store`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        try await journey.expect(0, "backup")
        let name = try #require(try await journey.json(Copied.self, "copy", "--dry-run").copies.first?.newest)
        let drop = ["drop", name, "--copy", "offsite", "--reason", "test", "--yes"]
        let last = try await journey.dr(drop)
        #expect(last.status == 2 && last.errors.contains("is the last in copy offsite that holds"), "\(last.errors)")
        #expect(last.errors.contains("run `dr copy offsite` first"), "\(last.errors)")
        try await Journey.nextSecond()
        try await journey.expect(0, "backup")
        try await journey.expect(0, "pin", name, "--until", "forever")
        try await journey.expect(0, "copy")
        let pinned = try await journey.dr(drop)
        #expect(pinned.status == 2 && pinned.errors.contains("pinned in copy offsite: add --force"), "\(pinned.errors)")
        let dry = try await journey.dr(drop + ["--force", "--dry-run"])
        #expect(dry.output.contains("would be dropped from copy offsite"), "\(dry.output)")
        let dropped = try await journey.dr(drop + ["--force", "--grace", "0s", "--json"])
        #expect(dropped.status == 0 && dropped.output.contains("\"offsite\""), "\(dropped.output)\(dropped.errors)")
        let objections = try await journey.objections(
            to: Data(dropped.output.utf8), schema: "output.schema.json", "drop")
        #expect(objections == "", "\(objections)")
        let file = "sets/\(name).json"
        #expect(!FileManager.default.fileExists(atPath: place.url.appending(path: "second/\(file)").path))
        #expect(FileManager.default.fileExists(atPath: journey.repository.appending(path: file).path))
    }

    @Test func `another repository is refused, and nothing is written to it`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        let other = try await Journey(store: "")
        try other.write("b", "other")
        try await other.expect(0, "backup")
        let second = place.url.appending(path: "second")
        try FileManager.default.copyItem(at: other.repository, to: second)
        let before = try FileManager.default.subpathsOfDirectory(atPath: second.path).sorted()
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("need another place"), "\(run.errors)")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: second.path).sorted() == before)
        let doctor = try await journey.dr(["doctor"])
        #expect(doctor.output.contains("and the first store holds"), "\(doctor.output)")
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(second.path)/sets")
        let name = String(try #require(files.first { $0.hasSuffix(".json") }).dropLast(5))
        let drop = try await journey.expect(
            7, "drop", name, "--copy", "offsite", "--reason", "test", "--yes", "--force", "--grace", "0s")
        #expect(drop.errors.contains("and the first store holds"), "\(drop.errors)")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: second.path).sorted() == before)
    }

    @Test func `a copy has its own retention, and keeps what it pruned away`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place, more: ", retention: {keep_last: 1}")
        for number in 0..<3 {
            try await Journey.nextSecond()
            try journey.write("a", "\(number)")
            try await journey.expect(0, "backup")
        }
        let dry = try await journey.json(Copied.self, "copy", "--dry-run")
        #expect(dry.copies.map(\.sets) == [[]], "sets that the retention of the copy drops are not wanted")
        try await journey.expect(0, "verify", "--copy", "offsite")
        let list = try await journey.expect(0, "list", "--copy", "offsite")
        let rows = list.output.split(separator: "\n").dropFirst()
        #expect(rows.count { $0.hasSuffix("  -") } == 2, "the prune of the copy announced two: \(list.output)")
        #expect(rows.last?.hasSuffix("newest whole backup") == true, "\(list.output)")
    }

    @Test func `a copy of a bucket is verified on its way`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place, s3: try await SharedS3Server.seaweedFS())
        let run = try await journey.expect(0, "backup")
        #expect(run.errors.contains("copy offsite: copied 1 set"), "\(run.errors)")
        try await journey.expect(0, "verify", "--copy", "offsite", "--read-data")
    }

    @Test func `names of copies are checked`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        let run = try await journey.expect(2, "copy", "onsite")
        #expect(run.errors.contains("dr.yaml has no copy 'onsite'") && run.errors.contains("it has: offsite"))
        try await journey.expect(2, "list", "--copy", "onsite")
        try await (try await Journey()).expect(2, "copy")
    }

    @Test(arguments: [ScriptedServer.Act.silence, .reply(.response(503, [("Retry-After", "1")], "busy"))])
    func `a first store that does not serve is given up, and the copy does`(act: ScriptedServer.Act) async throws {
        let place = try TemporaryFolder("copy")
        let copies = "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]"
        let environment = [
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true",
        ]
        let journey = try await Journey(store: copies, environment: environment)
        journey.keep(place)
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        let server = try ScriptedServer { _, _ in act }
        let file = journey.folder.url.appending(path: "dr.yaml")
        let hanging = """
            url: "s3://bucket/prefix", endpoint: "\(server.url)", region: us-east-1, addressing: path, stall_timeout: 1s
            """
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("url: \"file://\(journey.folder.path)/repository\"", with: hanging)
        try Data(text.utf8).write(to: file)
        let restored = try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        #expect(restored.errors.contains("the first store is passed over"), "\(restored.errors)")
        #expect(try Data(contentsOf: journey.folder.url.appending(path: "out/a")) == Data("one".utf8))
        // One to open it, or two that it answers with 503; what the restore records is tried again after a minute.
        #expect(server.requests.count < 8)
    }

    private struct Repaired: Decodable {
        struct Defect: Decodable {
            var object: String
            var source: String?
        }

        var copied: [String]
        var repaired: [Defect]
        var lost: [Defect]
    }

    /// The packs in a store, which is a directory.
    private func packs(_ store: URL) throws -> [URL] {
        try FileManager.default.subpathsOfDirectory(atPath: store.path).sorted()
            .filter { $0.hasPrefix("tree/packs/") && $0.contains(".tar") }.map { store.appending(path: $0) }
    }

    private func damage(_ file: URL) throws {
        var content = try Data(contentsOf: file)
        content[content.count / 2] ^= 1
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        try content.write(to: file)
    }

    @Test func `a damaged object comes from the copy, and is repaired from it`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        try await journey.expect(0, "backup")
        let pack = try #require(try packs(journey.repository).first)
        try damage(pack)
        let found = try await journey.expect(4, "verify", "--read-data")
        #expect(found.output.contains("`dr repair --read-data` puts back"), "\(found.output)")

        let restored = try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        #expect(restored.errors.contains("comes from copy offsite"), "\(restored.errors)")
        #expect(try Data(contentsOf: journey.folder.url.appending(path: "out/a")) == Data("one".utf8))

        let preview = try await journey.json(Repaired.self, "repair", "--read-data", "--dry-run")
        #expect(preview.repaired.count == 1 && preview.repaired.first?.source?.contains("second") == true)
        let run = try await journey.dr(["repair", "--read-data", "--json"])
        #expect(run.status == 0, "\(run.errors)")
        let objections = try await journey.objections(
            to: Data(run.output.utf8), schema: "output.schema.json", "repair")
        #expect(objections == "", "\(objections)")
        try await journey.expect(0, "verify", "--read-data")
        let again = try await journey.expect(0, "repair", "--read-data")
        #expect(again.output.contains("nothing to repair"), "\(again.output)")

        try damage(try #require(try packs(place.url.appending(path: "second")).first))
        let worse = try await journey.expect(4, "verify", "--copy", "offsite", "--read-data")
        #expect(worse.output.contains("`dr repair --read-data --copy offsite` puts back"), "\(worse.output)")
        let state = try await journey.expect(5, "status", "--copy", "offsite")
        #expect(state.errors.contains("`dr repair --read-data --copy offsite` puts back"), "\(state.errors)")
        try await journey.expect(0, "repair", "--copy", "offsite", "--read-data")
        try await journey.expect(0, "verify", "--copy", "offsite", "--read-data")
    }

    private struct Overview: Decodable {
        struct Copy: Decodable {
            struct Damage: Decodable {
                var objects: Int
                var command: String
            }

            var damage: Damage?
        }

        var copies: [Copy]
    }

    @Test func `a damaged copy is seen until a repair or a check as deep finds it whole`() async throws {
        let place = try TemporaryFolder("copy")
        let metrics = place.url.appending(path: "dr.prom")
        let journey = try await Journey(
            store: "copies: [{name: offsite, url: \"file://\(place.path)/second\"}]",
            extra: "metrics: {textfile: \(metrics.path)}\n")
        journey.keep(place)
        try journey.write("a", "one")
        func sample() throws -> Substring? {
            try String(contentsOf: metrics, encoding: .utf8).split(separator: "\n")
                .first { $0.hasPrefix("dr_copy_damaged_objects{") }
        }
        func expectDamage(_ objects: Int?, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let run = try await journey.dr(["status", "--json"])
            let document = Data(run.output.utf8)
            let damage = try JSONDecoder().decode(Overview.self, from: document).copies.first?.damage
            #expect(run.status == 0 && damage?.objects == objects, sourceLocation: sourceLocation)
            if let damage { #expect(damage.command == "dr repair --read-data --copy offsite") }
            #expect(try await journey.objections(to: document, schema: "output.schema.json", "status") == "")
        }
        try await journey.expect(0, "backup")
        let set = try #require(try await journey.json(Copied.self, "copy", "--dry-run").copies.first?.newest)
        let pack = try #require(try packs(place.url.appending(path: "second")).first)
        try damage(pack)
        let rehearsal = try await journey.expect(
            4, "restore", "--rehearse", "--component", "tree", "--copy", "offsite", "--at", set)
        #expect(rehearsal.output.contains("hint: `dr repair --read-data --copy offsite` puts back"))
        try await journey.expect(4, "verify", set, "--copy", "offsite", "--read-data")
        try await expectDamage(1)

        // The second change puts the byte back.
        try damage(pack)
        try await journey.expect(0, "verify", set, "--copy", "offsite", "--read-data")
        try await journey.expect(0, "verify", "--copy", "offsite")
        try await expectDamage(1)
        try await journey.expect(0, "verify", "--copy", "offsite", "--read-data")
        try await expectDamage(nil)

        try damage(pack)
        try await journey.expect(4, "verify", "--copy", "offsite", "--read-data")
        try await journey.expect(0, "repair", "--copy", "offsite")
        #expect(try sample()?.hasSuffix("} 1") == true)
        let seen = try await journey.expect(0, "status")
        #expect(seen.output.contains("copy offsite: not up to date"), "\(seen.output)")
        #expect(seen.output.contains("; damaged: 1 object, found "), "\(seen.output)")
        #expect(seen.errors.contains("`dr repair --read-data --copy offsite` puts back"), "\(seen.errors)")
        try await journey.expect(0, "repair", "--copy", "offsite", "--read-data")
        #expect(try sample()?.hasSuffix("} 0") == true)
        try await expectDamage(nil)
        let whole = try await journey.expect(0, "status")
        #expect(whole.output.contains("copy offsite: up to date"), "\(whole.output)")
    }

    @Test func `an empty first store becomes whole again`() async throws {
        let place = try TemporaryFolder("copy")
        let journey = try await journey(place)
        for number in 0..<2 {
            try await Journey.nextSecond()
            try journey.write("a", "\(number)")
            try await journey.expect(0, "backup")
        }
        let moved = place.url.appending(path: "lost")
        try FileManager.default.moveItem(at: journey.repository, to: moved)
        let restored = try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        #expect(restored.errors.contains("the first store is passed over"), "\(restored.errors)")
        #expect(try Data(contentsOf: journey.folder.url.appending(path: "out/a")) == Data("1".utf8))

        let list = try await journey.expect(1, "list")
        #expect(list.errors.contains("--copy offsite uses a copy"), "\(list.errors)")
        let preview = try await journey.expect(4, "repair", "--dry-run")
        #expect(preview.output.contains("would copy back 2 sets"), "\(preview.output)")
        #expect(!FileManager.default.fileExists(atPath: journey.repository.path))
        let repaired = try await journey.json(Repaired.self, "repair")
        #expect(repaired.copied.count == 2 && repaired.lost.isEmpty)
        try await journey.expect(0, "verify", "--read-data")
        let status = try await journey.expect(0, "status")
        #expect(status.output.contains("copy offsite: up to date"), "\(status.output)")
        try journey.write("a", "2")
        try await journey.expect(0, "backup")
    }

    @Test func `metrics show a copy that is behind`() async throws {
        let place = try TemporaryFolder("copy")
        let metrics = place.url.appending(path: "dr.prom")
        let url = "file://\(place.path)/second"
        let journey = try await Journey(
            store: "copies: [{name: offsite, url: \"\(url)\"}]", extra: "metrics: {textfile: \(metrics.path)}\n")
        journey.keep(place)
        try journey.write("a", "one")
        func samples() throws -> [Substring] {
            try String(contentsOf: metrics, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("dr_copy_") }
        }
        try await journey.expect(0, "backup")
        #expect(try samples().contains { $0.hasPrefix("dr_copy_sets_behind{") && $0.hasSuffix("} 0") })
        #expect(try samples().contains { $0.hasPrefix("dr_copy_last_success{") && $0.hasSuffix("} 1") })
        let second = place.url.appending(path: "second")
        try FileManager.default.removeItem(at: second)
        try Data().write(to: second)
        try await Journey.nextSecond()
        try journey.write("a", "two")
        try await journey.expect(0, "backup")
        #expect(try samples().contains { $0.hasPrefix("dr_copy_sets_behind{") && $0.hasSuffix("} 1") })
        #expect(try samples().contains { $0.hasPrefix("dr_copy_last_success{") && $0.hasSuffix("} 0") })
    }
}
