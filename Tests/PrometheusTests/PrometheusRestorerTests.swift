import BackupRepository
import Foundation
import HTTP
import Lab
import Logging
import Platform
import Testing

@testable import Prometheus

@Suite struct PrometheusRestorerTests {
    private static let day = 86_400_000
    /// Shortly after the newest sample of the fixture blocks.
    private static let then = 1_795_401_000_000

    private func restorer(_ url: String? = nil, now: Int = then) -> PrometheusRestorer {
        PrometheusRestorer(url: url, client: HTTPClient(), pool: BlockingPool(threads: 2), now: { now })
    }

    private func server(retention: String) throws -> ScriptedServer {
        try ScriptedServer { _, _ in
            .reply(.response(200, [], #"{"status":"success","data":{"CWD":"/","storageRetention":"\#(retention)"}}"#))
        }
    }

    @Test func `a sound tree is sound, and each damaged block is named with its file`() async throws {
        let site = try PrometheusSourceTests.Site()
        for kind in BlockFixture.Kind.allCases { try site.addBlock(kind) }
        try Data("x".utf8).write(to: site.data.appending(path: "notes.txt"))
        #expect(try await restorer().examine(restored: site.data.path) == [])

        for (kind, file) in [(BlockFixture.Kind.plain, "index"), (.head, "chunks/000001")] {
            let url = site.data.appending(path: "\(kind.rawValue)/\(file)")
            var bytes = try Data(contentsOf: url)
            bytes[bytes.count / 2] ^= 0x10
            try bytes.write(to: url)
        }
        let damage = try await restorer().examine(restored: site.data.path)
        #expect(
            damage.map(\.path) == [
                "\(BlockFixture.Kind.plain.rawValue)/index", "\(BlockFixture.Kind.head.rawValue)/chunks/000001",
            ])
    }

    @Test func `without a problem there is no advice`() async throws {
        let site = try PrometheusSourceTests.Site()
        try site.addBlock(.head)
        #expect(await restorer().advice(restored: site.data.path, target: "/no/such/place") == [])
        // An empty tree too.
        #expect(await restorer().advice(restored: site.state.path, target: site.state.path) == [])
    }

    @Test func `a server that does not answer costs no advice but its retention`() async throws {
        let site = try PrometheusSourceTests.Site()
        try site.addBlock(.head)
        let advice = await restorer("http://127.0.0.1:1", now: Self.then + 40 * Self.day)
            .advice(restored: site.data.path, target: "/no/such/place")
        #expect(advice.count == 1)
        #expect(advice.first?.contains("--storage.tsdb.retention.time=41d") == true)
    }

    /// The tombstone block ends 14.6 days before the head block.
    @Test(arguments: [
        ("15d", 0, []), ("10d", 0, ["1 of 2 blocks are deleted when the server starts"]),
        ("15d", 1, ["1 of 2 blocks are deleted two to three hours after the server starts"]),
        (
            "1w", 30,
            [
                "1 of 2 blocks are deleted when the server starts",
                "1 of 2 blocks are deleted two to three hours after the server starts",
            ]
        ),
        ("20KiB", 0, ["the restored blocks are 85006 bytes"]), ("10y or 10MiB", 300, []),
        ("1y or 1KiB", 0, ["the restored blocks are 85006 bytes"]),
        ("80KiB512B", 0, ["the restored blocks are 85006 bytes"]), ("1MiB512KiB", 0, []),
        ("1y or 0.0000001%", 0, ["the restored blocks are 85006 bytes, more than the server's retention of 1e-07 %"]),
        ("100%", 0, []),
        (
            "1 GB", 0,
            ["dr cannot interpret the server's retention, '1 GB': check that it keeps blocks back to 2026-11-08"]
        ),
    ])
    func `the advice warns about a retention that would delete the restored data`(
        retention: String, days: Int, says: [String]
    ) async throws {
        let site = try PrometheusSourceTests.Site()
        try site.addBlock(.tombstone)
        try site.addBlock(.head)
        let server = try server(retention: retention)
        let advice = await restorer(server.url, now: Self.then + days * Self.day)
            .advice(restored: site.data.path, target: "/no/such/place")
        #expect(advice.count == says.count, "\(advice)")
        for (line, start) in zip(advice, says) { #expect(line.hasPrefix(start)) }
    }

    @Test func `the advice warns about a block from the future`() async throws {
        let site = try PrometheusSourceTests.Site()
        try site.addBlock(.plain)
        let advice = await restorer(now: 1_795_386_085_001 - 3_600_000)
            .advice(restored: site.data.path, target: "/no/such/place")
        #expect(advice.count == 1)
        #expect(advice.first?.contains("2026-11-22T22:21:25Z, in the future") == true)
    }

    @Test func `the advice warns about a Thanos sidecar`() async throws {
        let site = try PrometheusSourceTests.Site()
        try Data("{}".utf8).write(to: site.state.appending(path: "thanos.shipper.json"))
        let advice = await restorer().advice(restored: site.data.path, target: site.state.path)
        #expect(advice.count == 1)
        #expect(advice.first?.contains("Thanos") == true)
    }

    @Test(arguments: [true, false])
    func `a server that runs on the target is seen, by its command line or its lock`(locks: Bool) async throws {
        let site = try PrometheusSourceTests.Site()
        let tree = site.folder.url.appending(path: "tree")
        try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
        var options = PrometheusServer.Options()
        if locks { options.arguments = ["--storage.tsdb.use-lockfile"] }
        let server = try await PrometheusServer.start(data: site.data, folder: site.folder.url, options)
        let advice = await restorer().advice(restored: tree.path, target: site.data.path + "/")
        #expect(advice.count == 1)
        let process = "process \(server.processIdentifier) (prometheus)"
        #expect(advice.first?.hasPrefix("\(process) uses '\(site.data.path)'") == true)
        #expect(await restorer().advice(restored: tree.path, target: tree.path) == [])
        server.crash()
        // A killed server leaves its lock file, which then has no meaning.
        #expect(await restorer().advice(restored: tree.path, target: site.data.path) == [])
    }

    @Test func `a process that has the WAL open is seen, whatever it is called`() async throws {
        let site = try PrometheusSourceTests.Site()
        let wal = site.data.appending(path: "wal")
        try FileManager.default.createDirectory(at: wal, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: wal.appending(path: "00000000"))
        let process = Process()
        // The child opens it itself: children of other tests would inherit a file that this process has open.
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec sleep 60 < \"$0\"", wal.appending(path: "00000000").path]
        try process.run()
        let name = "/proc/\(process.processIdentifier)/comm"
        while try String(contentsOfFile: name, encoding: .utf8) != "sleep\n" {
            try await Task.sleep(for: .milliseconds(5))
        }
        let advice = await restorer().advice(restored: site.state.path, target: site.data.path)
        // Not `terminate()`: a child inherits the signals that the thread which started it has blocked.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(advice.count == 1)
        #expect(advice.first?.hasPrefix("process \(process.processIdentifier) (sleep)") == true)
        #expect(await restorer().advice(restored: site.state.path, target: site.data.path) == [])
    }

    @Test func `a lock that is held is seen`() async throws {
        let site = try PrometheusSourceTests.Site()
        let descriptor = open(site.data.appending(path: "lock").path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        #expect(await restorer().advice(restored: site.state.path, target: site.data.path) == [])
        try #require(flock(descriptor, LOCK_EX) == 0)
        let advice = await restorer().advice(restored: site.state.path, target: site.data.path)
        #expect(advice == ["a server holds the lock in '\(site.data.path)': stop it first"])
    }

    @Test(
        arguments: [
            ("15d", 15 * 86_400_000), ("1w2d", 9 * 86_400_000), ("1h30m", 5_400_000), ("0s", 0),
            ("10y", 3650 * 86_400_000),
            ("1s500ms", 1500), ("", nil), ("d", nil), ("15", nil), ("1x", nil), ("99999999999999999999d", nil),
            ("9999999999999d", nil),
        ] as [(String, Int?)])
    func `durations are read as Prometheus writes them`(text: String, milliseconds: Int?) {
        #expect(PrometheusDuration.parse(text) == milliseconds)
    }
}
