import BackupRepository
import Foundation
import HTTP
import Lab
import Logging
import Platform
import Testing

@testable import Prometheus

/// A capture from a real server.
@Suite struct PrometheusSourceTests {
    /// A place for a server, its data, and a component's state.
    struct Site {
        let folder: TemporaryFolder
        var data: URL { folder.url.appending(path: "data") }
        var state: URL { folder.url.appending(path: "state") }
        let pool = BlockingPool(threads: 2)
        let client = HTTPClient()

        init() throws {
            folder = try TemporaryFolder("prometheus")
            try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        }

        func source(_ server: PrometheusServer, skipHead: Bool = false) -> PrometheusSource {
            source(server.url, skipHead: skipHead)
        }

        func source(_ url: String, data: URL? = nil, skipHead: Bool = false) -> PrometheusSource {
            PrometheusSource(
                url: url, data: (data ?? self.data).path, client: client, skipHead: skipHead, pool: pool)
        }

        func api(_ server: PrometheusServer) -> PrometheusAPI {
            PrometheusAPI(url: server.url, client: client, pool: pool)
        }

        var context: CaptureContext {
            CaptureContext(run: UUID().uuidString, state: state.path, logger: Logger(label: "test"))
        }

        var snapshots: [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: data.appending(path: "snapshots").path)) ?? []
        }

        var notes: [String] { (try? FileManager.default.contentsOfDirectory(atPath: state.path)) ?? [] }

        func addBlock(_ kind: BlockFixture.Kind, to folder: URL? = nil) throws {
            try FileManager.default.copyItem(
                at: BlockFixture.root.appending(path: "\(kind)/\(kind.rawValue)"),
                to: (folder ?? data).appending(path: kind.rawValue))
        }

        func failure(_ body: () async throws -> Void) async -> ComponentError? {
            do {
                try await body()
            } catch let error as ComponentError {
                return error
            } catch {
                Issue.record("\(error)")
            }
            return nil
        }
    }

    @Test func `a snapshot holds blocks and head, and is gone after its release`() async throws {
        let site = try Site()
        try site.addBlock(.plain)
        try site.addBlock(.tombstone)
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        try await server.waitForSeries("count_over_time(up[1m]) > 1")

        let capture = try await site.source(server).capture(site.context)
        #expect(capture.isFrozen)
        #expect(site.snapshots == [capture.root.split(separator: "/").last.map(String.init)])
        let blocks = try FileManager.default.contentsOfDirectory(atPath: capture.root)
        #expect(blocks.count == 3)
        #expect(capture.facts["blocks"] == "3")
        #expect(capture.facts["version"]?.hasPrefix("2.") == true)
        #expect(capture.facts["retention"] == "10y")
        #expect(capture.facts["head"] == "included")
        #expect(capture.facts["scrape pools"].flatMap { Int($0) } != nil)
        #expect(capture.warnings == [])
        #expect(try await capture.examine(blocks) == [])

        // The head's block is the new one; the end of its half-open interval is exact.
        let head = try #require(blocks.first { BlockFixture.Kind(rawValue: $0) == nil })
        let meta = try BlockMeta(readingFrom: "\(capture.root)/\(head)")
        #expect(capture.watermark == meta.maxTime - 1)
        #expect(capture.facts["newest"] == capture.watermark.map(String.init))

        try await capture.release()
        #expect(site.snapshots == [])
        #expect(site.notes == [])
        try await capture.release()
        try await server.stop()
    }

    @Test func `without the head the watermark is that of the blocks' newest sample`() async throws {
        let site = try Site()
        try site.addBlock(.plain)
        try site.addBlock(.tombstone)
        // Rounded up to hours, as Prometheus' own blocks are: the limit is no longer the newest sample.
        let meta = site.data.appending(path: "\(BlockFixture.Kind.tombstone.rawValue)/meta.json")
        let text = try String(contentsOf: meta, encoding: .utf8)
        try text.replacing("1794138985001", with: "1795392000000").write(to: meta, atomically: true, encoding: .utf8)
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let capture = try await site.source(server, skipHead: true).capture(site.context)
        #expect(capture.watermark == 1_795_386_085_000)
        #expect(capture.facts["head"] == "skipped")
        try await capture.release()
        try await server.stop()
    }

    @Test func `an empty server has no watermark`() async throws {
        let site = try Site()
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let capture = try await site.source(server, skipHead: true).capture(site.context)
        #expect(capture.watermark == nil)
        #expect(capture.facts["newest"] == nil && capture.facts["oldest"] == nil && capture.facts["samples"] == "0")
        #expect(try await capture.examine([]) == [])
        try await capture.release()
        #expect(site.snapshots == [])
        try await server.stop()
    }

    @Test func `a damaged block of a live server is named, and one it does not load too`() async throws {
        let site = try Site()
        for kind in BlockFixture.Kind.allCases { try site.addBlock(kind) }
        let chunks = site.data.appending(path: "\(BlockFixture.Kind.plain.rawValue)/chunks/000001")
        var bytes = try Data(contentsOf: chunks)
        bytes[20] ^= 1
        try bytes.write(to: chunks)
        try Data("{".utf8).write(to: site.data.appending(path: "\(BlockFixture.Kind.tombstone.rawValue)/meta.json"))
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)

        let capture = try await site.source(server).capture(site.context)
        let names = try FileManager.default.contentsOfDirectory(atPath: capture.root)
        let damage = try await capture.examine(names + ["notes.txt"])
        #expect(damage.map(\.path) == [BlockFixture.Kind.tombstone.rawValue, BlockFixture.Kind.plain.rawValue])
        #expect(damage.first?.reason.contains("meta.json does not parse") == true)
        #expect(damage.last?.reason.hasPrefix("chunks/000001: chunk at 8: CRC is ") == true)
        // Unchanged blocks were examined before, but blocks that the server does not load stay missing.
        #expect(try await capture.examine([]).map(\.path) == [BlockFixture.Kind.tombstone.rawValue])
        try await capture.release()
        try await server.stop()
    }

    // MARK: Leftovers

    @Test func `the backup removes snapshots of killed runs and nothing else`() async throws {
        let site = try Site()
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let api = site.api(server)
        // One by hand; one of a killed run whose answer came; one of a killed run whose answer was lost.
        let byHand = try await api.snapshot(skipHead: true)
        let clock = try #require(try await api.clock())
        func kill(_ run: String, _ existing: [String], answered: Bool) async throws -> String {
            let note = try SnapshotNote.write(.init(time: clock, existing: existing), run: run, in: site.state.path)
            let name = try await api.snapshot(skipHead: true)
            if answered { try note.record(name) }
            return name
        }
        let answered = try await kill("a", [byHand], answered: true)
        let lost = try await kill("b", [byHand, answered], answered: false)
        #expect(Set(site.snapshots) == [byHand, answered, lost])

        let capture = try await site.source(server, skipHead: true).capture(site.context)
        #expect(capture.warnings == [])
        try await capture.release()
        #expect(site.snapshots == [byHand])
        #expect(site.notes == [])
        try await server.stop()
    }

    @Test func `a note claims only new snapshots created right after its request`() throws {
        let site = try Site()
        let old = "20261123T022455Z-6afcdc643342c0ef"
        let request = SnapshotNote.Request(time: 1_795_400_695, existing: [old])
        func present(_ second: String) -> String { "20261123T0224\(second)Z-0000000000000000" }
        do {
            let note = try SnapshotNote.write(request, run: "a", in: site.state.path)
            #expect(SnapshotNote.abandoned(in: site.state.path).isEmpty)
            #expect(note.request == request)
        }
        let note = try #require(SnapshotNote.abandoned(in: site.state.path).first)
        #expect(note.request == request)
        #expect(note.name == nil)
        #expect(
            note.candidates(among: [old, "notes", present("30"), present("52"), present("55"), present("59")])
                == [present("55"), present("59")])
        #expect(note.candidates(among: ["20261123T022555Z-0000000000000000"]).count == 1)
        #expect(note.candidates(among: ["20261123T022556Z-0000000000000000"]).isEmpty)
    }

    @Test func `a note that knows the name claims no other`() throws {
        let site = try Site()
        let name = "20261123T022455Z-6afcdc643342c0ef"
        do {
            let note = try SnapshotNote.write(.init(time: 1_795_400_695, existing: []), run: "a", in: site.state.path)
            try note.record(name)
        }
        let note = try #require(SnapshotNote.abandoned(in: site.state.path).first)
        #expect(note.name == name)
        #expect(note.candidates(among: [name, "20261123T022455Z-0000000000000000"]) == [name])
        #expect(note.candidates(among: ["20261123T022455Z-0000000000000000"]).isEmpty)
    }

    @Test func `two snapshots of the moment of a lost answer both stay, with a warning`() async throws {
        let site = try Site()
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let api = site.api(server)
        let clock = try #require(try await api.clock())
        var note: SnapshotNote? = try SnapshotNote.write(
            .init(time: clock, existing: []), run: "a", in: site.state.path)
        let two = [try await api.snapshot(skipHead: true), try await api.snapshot(skipHead: true)]
        #expect(note?.request.time == clock)
        note = nil
        let capture = try await site.source(server, skipHead: true).capture(site.context)
        #expect(capture.warnings.count == 1)
        #expect(two.allSatisfy { capture.warnings.first?.contains($0) == true })
        try await capture.release()
        #expect(Set(site.snapshots) == Set(two))
        try await server.stop()
    }

    @Test func `the backup leaves the snapshot of a running run untouched`() async throws {
        let site = try Site()
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let first = try await site.source(server, skipHead: true).capture(site.context)
        let second = try await site.source(server, skipHead: true).capture(site.context)
        #expect(site.snapshots.count == 2)
        try await second.release()
        #expect(FileManager.default.fileExists(atPath: first.root))
        try await first.release()
        #expect(site.snapshots == [])
        #expect(site.notes == [])
        try await server.stop()
    }

    @Test func `a cancelled capture leaves nothing behind, at the latest after the next`() async throws {
        let site = try Site()
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        for delay in [0, 2, 4, 8, 16, 32] {
            let source = site.source(server)
            let context = site.context
            let task = Task {
                let capture = try await source.capture(context)
                try await capture.release()
            }
            try await Task.sleep(for: .milliseconds(delay))
            task.cancel()
            _ = await task.result
        }
        let capture = try await site.source(server).capture(site.context)
        try await capture.release()
        #expect(site.snapshots == [])
        #expect(site.notes == [])
        try await server.stop()
    }

    @Test func `a capture cancelled while held is released all the same`() async throws {
        let site = try Site()
        try site.addBlock(.plain)
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let source = site.source(server)
        let context = site.context
        let task = Task {
            let capture = try await source.capture(context)
            withUnsafeCurrentTask { $0?.cancel() }
            await #expect(throws: CancellationError.self) {
                _ = try await capture.examine(FileManager.default.contentsOfDirectory(atPath: capture.root))
            }
            try await capture.release()
        }
        try await task.value
        #expect(site.snapshots == [])
        try await server.stop()
    }

    // MARK: Failures

    @Test func `the backup removes the incomplete snapshot of a failed request`() async throws {
        let site = try Site()
        try site.addBlock(.plain)
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        // The server links this file without a check, and stops if it is missing.
        try FileManager.default.removeItem(
            at: site.data.appending(path: "\(BlockFixture.Kind.plain.rawValue)/tombstones"))
        await #expect(throws: PrometheusAPIError.self) { _ = try await site.api(server).snapshot(skipHead: true) }
        let before = site.snapshots
        #expect(before.count == 1)
        let failure = await site.failure { _ = try await site.source(server).capture(site.context) }
        #expect(failure?.reason == .misconfigured)
        #expect(failure?.detail.contains("tombstones") == true)
        #expect(site.snapshots == before)
        #expect(site.notes == [])

        // `doctor` reports it before a backup, and the command of the hint repairs it while the server runs.
        let diagnoses = await site.source(server).diagnose()
        #expect(diagnoses.contains { $0.subject == "tombstones" && $0.verdict == .failed })
        let hint = try #require(failure?.hint)
        let command = String(hint[try #require(hint.range(of: "for b in")).lowerBound...])
        try await site.pool.run {
            let shell = Process()
            shell.executableURL = URL(filePath: "/bin/sh")
            shell.arguments = ["-c", command]
            try shell.run()
            shell.waitUntilExit()
        }
        let capture = try await site.source(server, skipHead: true).capture(site.context)
        #expect(try await capture.examine([BlockFixture.Kind.plain.rawValue]) == [])
        try await capture.release()
        try await server.stop()
    }

    @Test func `the backup skips files that Prometheus ignores and reports them in one line`() async throws {
        let site = try Site()
        try site.addBlock(.plain)
        let block = BlockFixture.Kind.plain.rawValue
        for name in ["chunks/.nfs0001", "chunks/000001~", "deletion-mark.json"] {
            try Data("x".utf8).write(to: site.data.appending(path: "\(block)/\(name)"))
        }
        try FileManager.default.createDirectory(
            at: site.data.appending(path: "lost+found"), withIntermediateDirectories: true)
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let capture = try await site.source(server, skipHead: true).capture(site.context)
        #expect(
            capture.warnings == [
                "skipped files that Prometheus ignores in the folders of blocks: \(block)/chunks/.nfs0001, "
                    + "\(block)/chunks/000001~"
            ])
        #expect(try await capture.examine([block]) == [])
        #expect(capture.isExcluded(Array("\(block)/chunks/.nfs0001".utf8)))
        #expect(capture.isExcluded(Array("\(block)/chunks/000001~/".utf8)))
        #expect(!capture.isExcluded(Array("\(block)/chunks/000001".utf8)))
        try await capture.release()
        try await server.stop()
    }

    @Test func `the backup refuses snapshots on another file system with a hint`() async throws {
        let site = try Site()
        try site.addBlock(.plain)
        let elsewhere = URL(filePath: "/dev/shm/dr-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: elsewhere) }
        try FileManager.default.createSymbolicLink(
            at: site.data.appending(path: "snapshots"), withDestinationURL: elsewhere)
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let failure = await site.failure { _ = try await site.source(server, skipHead: true).capture(site.context) }
        #expect(failure?.reason == .misconfigured)
        #expect(failure?.hint?.contains("one file system") == true)
        let diagnoses = await site.source(server).diagnose()
        #expect(diagnoses.contains { $0.subject == "snapshots folder" && $0.verdict == .failed })
        try await server.stop()
    }

    @Test func `a disabled admin API is named with its remedy`() async throws {
        let site = try Site()
        var options = PrometheusServer.Options()
        options.adminAPI = false
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url, options)
        let failure = await site.failure { _ = try await site.source(server).capture(site.context) }
        #expect(failure?.reason == .misconfigured)
        #expect(failure?.description.contains("hint: start Prometheus with --web.enable-admin-api") == true)
        // The request itself reports the same, if a proxy hides the flags.
        await #expect {
            _ = try await site.api(server).snapshot(skipHead: true)
        } throws: { ($0 as? PrometheusAPIError)?.reason == .adminAPIDisabled }
        #expect(site.notes == [])
        try await server.stop()
    }

    @Test func `an agent is refused as such`() async throws {
        let site = try Site()
        var options = PrometheusServer.Options()
        options.isAgent = true
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url, options)
        let failure = await site.failure { _ = try await site.source(server).capture(site.context) }
        #expect(failure?.detail == "the server runs in agent mode")
        await #expect {
            _ = try await site.api(server).snapshot(skipHead: true)
        } throws: { ($0 as? PrometheusAPIError)?.reason == .agentMode }
        try await server.stop()
    }

    @Test func `a data directory of another server is refused before anything is made`() async throws {
        let site = try Site()
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url)
        let other = site.folder.url.appending(path: "other")
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        let failure = await site.failure { _ = try await site.source(server.url, data: other).capture(site.context) }
        #expect(failure?.reason == .misconfigured)
        #expect(failure?.detail.contains(site.data.path) == true)
        #expect(site.snapshots == [])

        let missing = site.folder.url.appending(path: "missing")
        let absent = await site.failure { _ = try await site.source(server.url, data: missing).capture(site.context) }
        #expect(absent?.detail == "data directory '\(missing.path)' does not exist")
        try await server.stop()
    }

    @Test func `a data path from another host is detected by the snapshot that does not appear there`() async throws {
        let site = try Site()
        let name = "20261123T022455Z-6afcdc643342c0ef"
        let server = try ScriptedServer { request, _ in
            let data =
                switch request.target {
                case "/api/v1/status/flags": #"{"storage.tsdb.path":"/no/such/place","web.enable-admin-api":"true"}"#
                case "/api/v1/status/runtimeinfo": #"{"CWD":"/","storageRetention":"15d"}"#
                case "/api/v1/status/buildinfo": #"{"version":"2.42.0"}"#
                default: #"{"name":"\#(name)"}"#
                }
            return .reply(.response(200, [], #"{"status":"success","data":\#(data)}"#))
        }
        let failure = await site.failure { _ = try await site.source(server.url).capture(site.context) }
        #expect(failure?.reason == .misconfigured)
        #expect(failure?.detail.contains("'\(name)'") == true)
        #expect(site.notes == [])
    }

    @Test func `a server that does not answer is unreachable`() async throws {
        let site = try Site()
        let failure = await site.failure { _ = try await site.source("http://127.0.0.1:1").capture(site.context) }
        #expect(failure?.reason == .unreachable)
        #expect(failure?.hint != nil)
    }
}
