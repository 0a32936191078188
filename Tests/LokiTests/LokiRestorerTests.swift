import BackupRepository
import Foundation
import Lab
import Testing

@testable import Loki

@Suite struct LokiRestorerTests {
    @Test(arguments: LokiFixture.folders)
    func aSoundTreeIsSoundAndDamageIsNamed(fixture: String) async throws {
        let site = try LokiSite(fixture)
        #expect(try await site.restorer().examine(restored: site.data.path) == [])
        let paths = site.paths().filter { LokiInspection.inspector(of: $0) != nil }
        #expect(paths.count >= 4)
        for path in paths {
            let whole = try site.read(path)
            var bytes = whole
            // Past gzip's header, which has no checksum.
            bytes[whole.count - 5] ^= 1
            try site.write(path, bytes)
            #expect(try await site.restorer().examine(restored: site.data.path).map(\.path) == [path])
            try site.write(path, whole)
        }
    }

    // MARK: Slices

    private static let t1Early = "chunks/t1/a084e386e5de09ab/MWEyMDYyNDU3NTI6MWEyMDYyNDYzMGE6M2Y4MGEwN2U="
    private static let t1Late = "chunks/t1/865beecf51f7dc0f/MWEyMDYzZmNlOTI6MWEyMDYzZmNlYzQ6ZDFjYjQxNDk="
    private static let t2 = "chunks/t2/657b23c1303cc13e/MWEyMDY1YTViNzI6MWEyMDY1YTViNzM6OGVmMGU5OTc="
    private static let flat = "chunks/dDIvNjU3YjIzYzEzMDNjYzEzZToxYTIwNjYwYWYwZjoxYTIwNjYwYWYxMDpjOGE2ODE0Mg=="
    private static let shipped = "chunks/index/index_20780/1795402916-vm-1795402916779246951.tsdb.gz"
    private static let index1 =
        "chunks/index/index_20780/t1/1795403245165914417-compactor-1795399374674-1795401174724-1c23e406.tsdb.gz"
    private static let index2 =
        "chunks/index/index_20780/t2/1795403245163020369-compactor-1795402914674-1795402914675-b6475d15.tsdb.gz"
    private static let others = [
        "chunks/index/delete_requests/delete_requests.gz", "dr-loki.json", "tsdb-shipper-active/wal/s/1/00000000",
    ]
    private static let all =
        [
            t1Early, t1Late, t2, flat, shipped, index1, index2, "chunks/index/index_20779/vm-1-2.gz", "rules/t1/a.yaml",
            "rules/t2/a.yaml", "wal/00000000", "chunks/t1/a084e386e5de09ab/what",
        ] + others

    private static let day = 20_780 * 86_400_000

    @Test(arguments: [
        (
            ["t1"], Int.min...Int.max,
            [t1Early, t1Late, shipped, index1, "chunks/index/index_20779/vm-1-2.gz", "rules/t1/a.yaml"]
        ),
        (
            [], day...Int.max,
            [t1Early, t1Late, t2, flat, shipped, index1, index2, "rules/t1/a.yaml", "rules/t2/a.yaml", "wal/00000000"]
        ),
        (["t2"], 1_795_402_914_675...1_795_402_914_675, [t2, shipped, index2, "rules/t2/a.yaml"]),
        (["t2"], 1_795_402_914_676...1_795_403_400_000, [flat, shipped, "rules/t2/a.yaml"]),
        ([], (day - 1000)...(day - 1), ["chunks/index/index_20779/vm-1-2.gz", "rules/t1/a.yaml", "rules/t2/a.yaml"]),
        (["t3"], Int.min...Int.max, [shipped, "chunks/index/index_20779/vm-1-2.gz"]),
    ])
    func aSliceIsWhatTouchesIt(tenants: [String], times: ClosedRange<Int>, wanted: [String]) throws {
        let restorer = try LokiSite().restorer()
        let slice = RestoreSlice(tenants: Set(tenants), times: times)
        #expect(Set(Self.all.filter { restorer.isWanted($0, in: slice) }) == Set(wanted + Self.others))
    }

    // MARK: Advice

    @Test func whatTheServerWouldDoIsSaid() async throws {
        let site = try LokiSite("v13-tsdb-compacted")
        var options = LokiStandIn.Options()
        options.pathPrefix = "/nowhere/loki"
        options.retention = "24h0m0s"
        options.periods = [(from: "2024-05-01", schema: "v13", store: "tsdb")]
        let loki = try await LokiStandIn(data: site.folder.url.appending(path: "other"), options)
        let periods = [LokiSettings.Period(from: "2024-04-01", store: "tsdb", schema: "v13")]
        var settings = LokiSettings()
        settings.periods = periods
        try site.write("dr-loki.json", settings.document(version: "3.4.6"))
        let soon = await site.restorer(loki.url).advice(restored: site.data.path, target: "/no/such/place")
        #expect(soon.contains { $0.contains("lacks periods of the backup") && $0.contains("2024-04-01") })
        #expect(soon.contains { $0.contains("requests for deletion") })
        #expect(!soon.contains { $0.contains("retention is") })
        let late = await site.restorer(loki.url, now: 1_795_403_400_000 + 86_400_000)
            .advice(restored: site.data.path, target: "/no/such/place")
        #expect(late.contains { $0.contains("retention is 24h0m0s") && $0.contains("2026-11-23T") })
        await loki.stop()
        // Without a server, as after a disaster: the advice that needs none.
        let away = await site.restorer(loki.url).advice(restored: site.data.path, target: "/no/such/place")
        #expect(away.contains { $0.contains("v13/tsdb from 2024-04-01") && $0.contains("retention_enabled=false") })
    }

    @Test(arguments: [
        ("744h", 2_678_400_000), ("24h0m0s", 86_400_000), ("31d", 2_678_400_000), ("0s", 0), ("x", nil), ("", nil),
    ])
    func durationsOfBothKindsAreRead(text: String, milliseconds: Int?) {
        #expect(LokiDuration.parse(text) == milliseconds)
    }

    /// A process with an open write-ahead log is a running Loki, under any name.
    @Test func aRunningLokiIsAnObstacle() async throws {
        let site = try LokiSite("v13-tsdb-compacted")
        try site.write("wal/00000000", [1])
        #expect(await site.restorer().obstacles(to: site.data.path) == [])
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sleep")
        process.arguments = ["60"]
        process.standardInput = try FileHandle(forReadingFrom: site.data.appending(path: "wal/00000000"))
        try process.run()
        defer { process.terminate() }
        let signs = await site.restorer().obstacles(to: site.data.path)
        #expect(signs.count == 1 && signs[0].contains("(sleep) uses"))
    }
}
