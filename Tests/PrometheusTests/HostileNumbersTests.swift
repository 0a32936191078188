import Components
import BackupRepository
import Cryptography
import Foundation
import HTTP
import Lab
import Platform
import Testing

@testable import Prometheus

/// Extreme numbers from servers and files. The program must not trap.
@Suite struct HostileNumbersTests {
    private typealias Site = PrometheusSourceTests.Site

    @Test(arguments: [
        (Int.min, Int.max), (Int.max, Int.min), (Int.min, Int.min + 1), (Int.max - 1, Int.max), (-1, 1), (0, Int.max),
        (Int.min, 1_795_386_085_001),
    ])
    func `a block with any limits is looked at and advised on`(minTime: Int, maxTime: Int) async throws {
        let site = try Site()
        for kind in [BlockFixture.Kind.plain, .tombstone] {
            try site.addBlock(kind)
            let meta = """
                {"ulid":"\(kind.rawValue)","minTime":\(minTime),"maxTime":\(maxTime),"version":1,
                "stats":{"numSamples":\(maxTime),"numSeries":\(minTime),"numChunks":\(maxTime),"numTombstones":\(minTime)}}
                """
            try Data(meta.utf8).write(to: site.data.appending(path: "\(kind.rawValue)/meta.json"))
        }
        // A block with impossible limits does not show the age of the data.
        let newest = try SnapshotContent(of: site.data.path).newest
        #expect(newest.map { (0...253_402_300_799_999).contains($0) } ?? true)
        #expect(
            try !BlockVerifier(site.data.appending(path: BlockFixture.Kind.plain.rawValue).path).verify().damage.isEmpty
        )
        let server = try ScriptedServer { _, _ in
            .reply(.response(200, [], #"{"status":"success","data":{"CWD":"/","storageRetention":"1d or 1KiB"}}"#))
        }
        for url in [server.url, nil] {
            for now in [0, 1_795_401_000_000] {
                let restorer = PrometheusRestorer(
                    url: url, client: site.client, pool: site.pool, now: { now })
                _ = await restorer.advice(restored: site.data.path, target: "/no/such/place")
            }
        }
    }

    @Test(arguments: [
        "1e300", "1.5", "\"1\"", "null", "18446744073709551616", "-9223372036854775809", "[]", "{}", "1e999", "",
    ])
    func `a meta.json with a number that is not one does not parse`(number: String) throws {
        let block = try BlockFixture(.plain)
        try block.editMeta("\"maxTime\": 1795386085001", "\"maxTime\": \(number)")
        #expect(
            try BlockVerifier(block.path).verify().damage.contains(
                Damage(path: "meta.json", reason: "does not parse")))
    }

    /// Sums of products of such numbers, under every name that dr reads.
    @Test(arguments: ["NaN", "+Inf", "-Inf", "1e300", "-1e300", "1e999", "9.3e18", "-0", "x", ""])
    func `a capture survives any value of the server's metrics`(value: String) async throws {
        let site = try Site()
        let name = "20261123T022455Z-6afcdc643342c0ef"
        let block = site.data.appending(path: "snapshots/\(name)")
        try FileManager.default.createDirectory(at: block, withIntermediateDirectories: true)
        try site.addBlock(.plain, to: block)
        try FileManager.default.createDirectory(at: site.data.appending(path: "wbl"), withIntermediateDirectories: true)
        try Data("x".utf8).write(to: site.data.appending(path: "wbl/00000000"))
        let server = try ScriptedServer { request, _ in
            guard request.target != "/metrics" else {
                return .reply(
                    .response(
                        200, [],
                        """
                        prometheus_target_scrape_pools_total \(value)
                        prometheus_tsdb_head_out_of_order_samples_appended_total{type="float"} \(value)
                        prometheus_tsdb_head_out_of_order_samples_appended_total{type="histogram"} \(value)
                        """))
            }
            let data =
                switch request.target {
                case "/api/v1/status/flags": #"{"storage.tsdb.path":"/no/such/place","web.enable-admin-api":"true"}"#
                case "/api/v1/status/runtimeinfo": #"{"CWD":"/","storageRetention":"15d"}"#
                case "/api/v1/status/buildinfo": #"{"version":"2.42.0"}"#
                case "/api/v1/status/config": #"{"yaml":"storage: {tsdb: {out_of_order_time_window: 1d}}"}"#
                default: #"{"name":"\#(name)"}"#
                }
            return .reply(.response(200, [], #"{"status":"success","data":\#(data)}"#))
        }
        let capture = try await site.source(server.url).capture(site.context)
        #expect(capture.watermark == 1_795_386_085_000)
        #expect(capture.warnings.count == 1)
        try await capture.release()
    }

    @Test func `a range answer keeps finite values within the interval, and tells histograms`() async throws {
        let body = #"""
            {"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"a":"1"},"values":[[1e300,"1"],[-1e300,"1"],[100,"NaN"],[100,"+Inf"],[100,"1e308"],[160,"x"],[99,"1"]]},
            {"metric":{"a":"2"},"histograms":[[100,{"count":"3","sum":"1","buckets":[[0,"0","1","3"]]}]]},
            {"metric":{"a":"3"},"values":[[100,"4"]],"histograms":[[160,{"count":"3"}]]},
            {"metric":{"a":"4"}}]}}
            """#
        let server = try ScriptedServer { _, _ in .reply(.response(200, [], body)) }
        let api = PrometheusAPI(url: server.url, client: HTTPClient(), pool: BlockingPool(threads: 1))
        let (series, more) = try await api.queryRange("x", over: 100...160, step: 60, limit: 9)
        #expect(more == 0)
        #expect(
            series == [
                MetricSeries(labels: ["a": "1"], samples: [(100, 1e308)]),
                MetricSeries(labels: ["a": "2"], samples: [], hasHistograms: true),
                MetricSeries(labels: ["a": "3"], samples: [(100, 4)], hasHistograms: true),
                MetricSeries(labels: ["a": "4"], samples: []),
            ])
    }

    @Test(arguments: [Int.min, Int.max, 0]) func `a note with any time claims no snapshot`(time: Int) throws {
        let site = try Site()
        do { _ = try SnapshotNote.write(.init(time: time, existing: []), run: "a", in: site.state.path) }
        let note = try #require(SnapshotNote.abandoned(in: site.state.path).first)
        #expect(
            note.candidates(among: ["99991231T235959Z-6afcdc643342c0ef", "00000000T000000Z-6afcdc643342c0ef"]) == [])
    }

    /// A file of 2 TiB that takes no space: its table of contents is right, and lets the series end at its end.
    @Test func `an index with an absurd size costs no memory`() throws {
        let block = try BlockFixture(.plain)
        let size = 2 << 40
        var contents: [UInt8] = []
        for offset in [5, 48] + Array(repeating: size - 52, count: 4) {
            contents += withUnsafeBytes(of: UInt64(offset).bigEndian) { Array($0) }
        }
        contents += withUnsafeBytes(of: CRC32C.checksum(contents.span.bytes).bigEndian) { Array($0) }
        let index = block.url.appending(path: "index")
        let handle = try FileHandle(forWritingTo: index)
        try handle.truncate(atOffset: UInt64(size - 52))
        try handle.seekToEnd()
        try handle.write(contentsOf: contents)
        try handle.close()
        let damage = try BlockVerifier(block.path).verify().damage
        #expect(damage.contains { $0.path == "index" && $0.reason.contains("beyond the 64 GiB") }, "\(damage)")
    }
}
