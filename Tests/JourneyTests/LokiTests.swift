import Foundation
import Lab
import Testing

/// The built program and a Loki, which a stand-in serves.
@Suite struct LokiTests {
    private struct SetAnswer: Decodable {
        struct Component: Decodable {
            struct Added: Decodable {
                var files: Int
                var packs: Int
            }
            var files: Int
            var watermark: Int?
            var added: Added
        }
        var status: String
        var components: [String: Component]
    }

    private static let contract = Journey.checkout.appending(path: "fixtures/contracts/loki.json")

    private struct Site {
        var journey: Journey
        var data: URL
        var loki: LokiStandIn

        /// All lines of a tenant's stream, as they are in memory, chunks and index.
        static func lines(_ loki: LokiStandIn, _ tenant: String) -> Int {
            loki.store.lines(tenant: tenant) { _ in true }.values.reduce(0) { $0 + $1.count }
        }

        /// The files of a tree below a folder, relative to it.
        static func files(_ folder: URL) -> [String] {
            let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
            return paths.filter { path in
                var isFolder: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: folder.appending(path: path).path, isDirectory: &isFolder)
                return !isFolder.boolValue
            }.sorted()
        }
    }

    /// Two tenants with lines in a compacted index, in a shipped one, in the active one, and in memory.
    private func started(options: String = "") async throws -> Site {
        let folder = try TemporaryFolder("loki-journey")
        let data = folder.url.appending(path: "loki")
        let loki = try await LokiStandIn(data: data, contract: try APIContract(contentsOf: Self.contract))
        func push(_ from: Int, _ count: Int) throws {
            for tenant in ["t1", "t2"] {
                for app in ["a", "b"] {
                    let lines = (from..<from + count).map {
                        LokiChunk.Line(time: (1_795_400_000 + $0) * 1_000_000_000, text: Array("line \($0)".utf8))
                    }
                    try loki.store.push(tenant: tenant, labels: ["app": app], lines: lines)
                }
            }
        }
        try push(0, 20)
        try loki.store.flush()
        try loki.store.ship()
        try loki.store.compact()
        try push(20, 10)
        try loki.store.flush()
        try loki.store.ship()
        try push(100_000, 10)
        try loki.store.flush()
        try push(100_010, 5)
        try FileManager.default.createDirectory(
            at: data.appending(path: "rules/t1"), withIntermediateDirectories: true)
        try Data("groups: []\n".utf8).write(to: data.appending(path: "rules/t1/rules.yaml"))
        let journey = try await Journey(
            components: "loki: {url: '\(loki.url)', data: \(data.path)\(options)}", extra: "objectives: {rpo: 1h}")
        journey.keep(folder)
        return Site(journey: journey, data: data, loki: loki)
    }

    @Test func `there and back with the same lines`() async throws {
        let site = try await started()
        #expect(try await site.journey.expect(0, "doctor").output.contains("Loki 3.4.6"))
        let first = try await site.journey.json(SetAnswer.self, "backup")
        #expect(first.status == "complete")
        #expect(first.components["loki"]?.watermark == 1_795_500_009_000, "the end of the newest chunk")
        let second = try await site.journey.json(SetAnswer.self, "backup")
        let added = try #require(second.components["loki"]?.added)
        #expect(added.packs == 0 && added.files == 0, "nothing changed")
        try await site.journey.expect(0, "verify", "--read-data")
        #expect(site.loki.server.violations == [])
        let before = ["t1", "t2"].map { Site.lines(site.loki, $0) }
        #expect(before == [90, 90])
        await site.loki.stop()

        let restored = site.journey.folder.url.appending(path: "out")
        let run = try await site.journey.expect(0, "restore", "--component", "loki", "--to", "out")
        #expect(run.errors.contains("v13/tsdb from 2024-04-01"), "the schema that it needs: \(run.errors)")
        #expect(
            Set(Site.files(restored)).subtracting(Site.files(site.data)) == ["dr-loki.json"],
            "only what was there comes back")
        let again = try await LokiStandIn(data: restored)
        #expect(["t1", "t2"].map { Site.lines(again, $0) } == before)
        await again.stop()
    }

    private struct Rebuilt: Decodable {
        struct Index: Decodable {
            struct Damage: Decodable { var path: String }
            var chunks: Int
            var files: Int
            var damage: [Damage]
            var previous: String?
        }
        var index: Index
    }

    /// The index of the set is not restored. Later a chunk of the restored tree is damaged.
    @Test func `an index built from chunks alone finds the same lines`() async throws {
        let site = try await started(options: ", flush: true")
        let checked = try await site.journey.expect(0, "check", "loki_index")
        #expect(checked.output.contains("12 chunks"), "\(checked.output)")
        try await site.journey.expect(0, "backup")
        let before = ["t1", "t2"].map { Site.lines(site.loki, $0) }
        await site.loki.stop()

        let rebuilt = try await site.journey.json(
            Rebuilt.self, "restore", "--component", "loki", "--rebuild-index", "--to", "out")
        #expect(rebuilt.index.damage.isEmpty && rebuilt.index.chunks == 16 && rebuilt.index.files == 4)
        let restored = site.journey.folder.url.appending(path: "out")
        let indexes = Site.files(restored).filter { $0.hasPrefix("chunks/index/index_") }
        #expect(indexes.count == 4 && indexes.allSatisfy { $0.contains("-compactor-") })
        #expect(
            Site.files(restored).contains { $0.hasPrefix("wal/") }
                && !Site.files(restored).contains { $0.hasPrefix("tsdb-") })
        let again = try await LokiStandIn(data: restored)
        #expect(["t1", "t2"].map { Site.lines(again, $0) } == before)
        await again.stop()

        let chunk = try #require(Site.files(restored).first { $0.hasPrefix("chunks/t1/") })
        var bytes = try Data(contentsOf: restored.appending(path: chunk))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: restored.appending(path: chunk))
        let run = try await site.journey.expect(
            4, "restore", "--component", "loki", "--rebuild-index", "--existing", "--to", "out", "--json")
        #expect(
            try await site.journey.objections(
                to: Data(run.output.utf8), schema: "output.schema.json", "restoreIndex") == "")
        let partial = try JSONDecoder().decode(Rebuilt.self, from: Data(run.output.utf8)).index
        #expect(partial.damage.map(\.path) == [chunk] && partial.chunks == 15)
        #expect(partial.previous.map { FileManager.default.fileExists(atPath: "\($0)/index") } == true)
        // A chunk of the live data is gone.
        try FileManager.default.removeItem(at: site.data.appending(path: chunk))
        let failed = try await site.journey.expect(4, "check", "loki_index")
        #expect(failed.output.contains("1 entry without chunk"), "\(failed.output)")
    }

    @Test func `a slice is a tenants part of the tree`() async throws {
        let site = try await started(options: ", flush: true")
        try await site.journey.expect(0, "backup")
        await site.loki.stop()
        let run = try await site.journey.expect(
            0, "restore", "--component", "loki", "--to", "out", "--tenant", "t1", "--until", "2026-11-23T04:00:00Z")
        #expect(run.output.contains("newest datum: 2026-11-23 02:13:49"), "of the slice: \(run.output)")
        #expect(run.errors.contains("write-ahead log is not part of a slice"))
        let restored = site.journey.folder.url.appending(path: "out")
        let files = Site.files(restored)
        #expect(files.filter { $0.hasPrefix("chunks/t1/") }.count == 4)
        #expect(!files.contains { $0.hasPrefix("chunks/t2/") || $0.hasPrefix("wal/") || $0.hasPrefix("rules/t2") })
        #expect(files.contains("rules/t1/rules.yaml"))
        let again = try await LokiStandIn(data: restored)
        #expect(Site.lines(again, "t1") == 60 && Site.lines(again, "t2") == 0)
        await again.stop()
    }

    @Test func `a flipped byte costs one chunk and is named`() async throws {
        let site = try await started()
        let chunk = try #require(site.loki.store.visibleChunks(tenant: "t1").first)
        let file = site.data.appending(path: "chunks/\(chunk)")
        let whole = try Data(contentsOf: file)
        var bytes = whole
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: file)
        let run = try await site.journey.expect(3, "backup")
        #expect(run.errors.contains("chunks/\(chunk)") && run.errors.contains("CRC is"))
        // Again, for nothing changed: what is missing stays missing, and is said again.
        #expect(try await site.journey.expect(3, "backup").errors.contains("chunks/\(chunk)"))
        try await site.journey.expect(0, "restore", "--component", "loki", "--to", "out")
        let restored = Site.files(site.journey.folder.url.appending(path: "out"))
        #expect(!restored.contains("chunks/\(chunk)"))
        #expect(
            restored.count { $0.hasPrefix("chunks/t") } == Site.files(site.data).count { $0.hasPrefix("chunks/t") } - 1)
        // Mended, it is stored.
        try whole.write(to: file)
        try await site.journey.expect(0, "backup")
        await site.loki.stop()
    }

    @Test func `without its server the files are backed up all the same`() async throws {
        let site = try await started()
        await site.loki.stop()
        let run = try await site.journey.expect(0, "backup")
        #expect(run.errors.contains("dr could not read Loki's schema"))
        try await site.journey.expect(0, "verify", "--read-data")
        try await site.loki.server.start()
        await site.loki.stop()
    }

    @Test func `chunks that retention deletes are noted once`() async throws {
        // Enough to read that a deletion in the middle meets some that were walked and not yet read.
        let folder = try TemporaryFolder("loki-retention")
        let corpus = LokiCorpus(root: folder.url.appending(path: "loki"), chunks: 200)
        try await corpus.write()
        let journey = try await Journey(components: "loki: {data: \(corpus.root.path)}")
        journey.keep(folder)
        let script = """
            '\(Journey.program)' backup & until ls repository/.tmp/* > /dev/null 2>&1; do :; done
            rm -r '\(corpus.root.path)/chunks/team-b'; wait $!
            """
        let run = try await CommandRun.run("/bin/bash", ["-c", script], in: journey.folder.url)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        #expect(run.errors.split(separator: "\n").count { $0.contains("vanished") } <= 1)
        try await journey.expect(0, "restore", "--component", "loki", "--to", "out")
    }

    @Test func `a wrong directory is explained`() async throws {
        let journey = try await Journey(components: "loki: {data: /proc/self}")
        let run = try await journey.expect(1, "backup")
        #expect(run.errors.contains("common.path_prefix"))
        try await journey.expect(1, "doctor")
    }
}
