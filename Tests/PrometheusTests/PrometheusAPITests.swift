import BackupRepository
import Foundation
import HTTP
import Lab
import Logging
import Platform
import Testing

@testable import Prometheus

/// Answers as recorded from Prometheus 2.42 and from proxies before it.
@Suite struct PrometheusAPITests {
    private func api(_ server: ScriptedServer, _ options: HTTPOptions = HTTPOptions()) -> PrometheusAPI {
        PrometheusAPI(url: server.url + "//", client: HTTPClient(options), pool: BlockingPool(threads: 1))
    }

    private static func error(_ type: String, _ text: String) -> String {
        #"{"status":"error","errorType":"\#(type)","error":"\#(text)"}"#
    }

    struct Refusal: Sendable {
        var act: ScriptedServer.Act
        var reason: PrometheusAPIError.Reason
        var says: String

        init(_ status: Int, _ body: String, _ reason: PrometheusAPIError.Reason, _ says: String) {
            self.init(.reply(.response(status, [("Location", "/graph?token=secret")], body)), reason, says)
        }

        init(_ act: ScriptedServer.Act, _ reason: PrometheusAPIError.Reason, _ says: String) {
            (self.act, self.reason, self.says) = (act, reason, says)
        }
    }

    static let refusals = [
        Refusal(500, error("unavailable", "admin APIs disabled"), .adminAPIDisabled, "admin APIs disabled"),
        Refusal(422, error("execution", "unavailable with Prometheus Agent"), .agentMode, "Agent"),
        Refusal(503, "Service Unavailable", .starting, "starting"),
        Refusal(503, error("unavailable", "TSDB not ready"), .starting, "not ready"),
        Refusal(
            500, error("internal", "create snapshot: write /data/snapshots/x: no space left on device"), .noSpace,
            "no space left"),
        Refusal(500, error("internal", "create snapshot: mkdir: permission denied"), .permission, "permission denied"),
        Refusal(
            500,
            error(
                "internal",
                "create snapshot: error snapshotting block: /d/01: create snapshot tombstones: link a b: no such file or directory"
            ), .missingTombstones, "snapshotting block"),
        Refusal(
            500, error("internal", "create snapshot: create snapshot meta.json: link a b: invalid cross-device link"),
            .otherFileSystem, "cross-device"),
        Refusal(
            500, error("internal", "create snapshot: hardlink a chunk: link a b: operation not permitted"), .noLinks,
            "not permitted"),
        Refusal(
            500, error("internal", "create snapshot: create snapshot index: link a b: operation not supported"),
            .noLinks, "not supported"),
        Refusal(500, error("internal", "create snapshot: head block: no such file"), .refused, "head block"),
        Refusal(400, error("bad_data", "invalid parameter"), .refused, "invalid parameter"),
        Refusal(422, error("execution", "checksum mismatch expected:1, actual:2"), .corruptBlock, "mismatch"),
        Refusal(401, "Unauthorized", .unauthorized, "401"),
        Refusal(403, "<html>", .unauthorized, "403"),
        Refusal(404, "404 page not found", .notPrometheus, "404"),
        Refusal(405, "Method Not Allowed", .notPrometheus, "405"),
        Refusal(302, "", .notPrometheus, "redirected to '/graph'"),
        Refusal(200, "<html>login</html>", .notPrometheus, "not that of Prometheus"),
        Refusal(200, #"{"status":"success"}"#, .notPrometheus, "not that of Prometheus"),
        Refusal(502, "Bad Gateway", .answerLost, "502"),
        Refusal(504, "", .answerLost, "504"),
        Refusal(500, "boom", .refused, "status 500"),
        Refusal(.reset, .answerLost, ""),
        Refusal(.cut(.response(200, [], #"{"status":"success","data":{"name":"x"}}"#), after: 9), .answerLost, ""),
    ]

    @Test(arguments: refusals)
    func `every refusal is told from every other`(refusal: Refusal) async throws {
        let server = try ScriptedServer([refusal.act])
        let error = await #expect(throws: PrometheusAPIError.self) {
            _ = try await api(server).snapshot(skipHead: false)
        }
        #expect(error?.reason == refusal.reason)
        #expect(refusal.says.isEmpty || error?.detail.contains(refusal.says) == true)
        #expect(error?.description.contains("secret") == false)
        #expect(error?.operation == "POST \(server.url)/api/v1/admin/tsdb/snapshot")
        if refusal.reason != .refused, refusal.reason != .corruptBlock { #expect(error?.hint != nil) }
    }

    @Test func `the snapshot is asked for as it should be`() async throws {
        let server = try ScriptedServer([
            .reply(.response(200, [], #"{"status":"success","data":{"name":"n"}}"#)),
            .reply(.response(200, [], #"{"status":"success","data":{"name":"m"}}"#)),
        ])
        let api = api(server, HTTPOptions(authorization: .basic(user: "dr", password: "pw")))
        #expect(try await api.snapshot(skipHead: false) == "n")
        #expect(try await api.snapshot(skipHead: true) == "m")
        #expect(server.requests.map(\.method) == ["POST", "POST"])
        #expect(
            server.requests.map(\.target) == [
                "/api/v1/admin/tsdb/snapshot?skip_head=false", "/api/v1/admin/tsdb/snapshot?skip_head=true",
            ])
        #expect(server.requests.first?["Authorization"] == "Basic ZHI6cHc=")
    }

    @Test func `readiness is a value`() async throws {
        let server = try ScriptedServer([
            .reply(.response(200, [], "Prometheus Server is Ready.")),
            .reply(.response(503, [], "Service Unavailable")),
            .reply(.response(404, [], "")),
        ])
        let api = api(server)
        #expect(try await api.isReady())
        #expect(try await !api.isReady())
        await #expect(throws: PrometheusAPIError.self) { _ = try await api.isReady() }
    }

    @Test func `a query is sent as a form, and its answer read`() async throws {
        let body = #"""
            {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1.5,"NaN"]}]}}
            """#
        let server = try ScriptedServer([.reply(.response(200, [], body))])
        let result = try await api(server).query("rate(up[5m]) + 1", at: 1.5)
        #expect(result.series.first?.metric == ["__name__": "up"])
        #expect(result.series.first?.value?.value == "NaN")
        let sent = String(decoding: try #require(server.requests.first).body, as: UTF8.self)
        #expect(sent == "query=rate%28up%5B5m%5D%29%20%2B%201&time=1.5")
    }

    @Test func `a metric is found by its whole name`() async throws {
        let text = "# HELP a_b x\na_b_total 3\na_b{x=\"1\"} 4.5e+01\na_b{x=\"2\"} NaN\na_b{x=\"3\"} 2\na 1\n"
        let server = try ScriptedServer(Array(repeating: .reply(.response(200, [], text)), count: 3))
        let api = api(server)
        #expect(try await api.metric("a_b") == 47)
        #expect(try await api.metric("a") == 1)
        #expect(try await api.metric("b") == nil)
    }

    @Test func `credentials in the URL stay out of messages`() {
        let api = PrometheusAPI(
            url: "http://me:secret@host:9090/prom/", client: HTTPClient(), pool: BlockingPool(threads: 1))
        #expect(api.location == "http://host:9090/prom")
    }

    @Test func `the snapshot of a lost answer is removed, and the next run looks again`() async throws {
        let site = try PrometheusSourceTests.Site()
        let snapshots = site.data.appending(path: "snapshots")
        let server = try ScriptedServer { request, _ in
            let data =
                switch request.target {
                case "/api/v1/status/flags": #"{"storage.tsdb.path":"/no/such/place","web.enable-admin-api":"true"}"#
                case "/api/v1/status/runtimeinfo": #"{"CWD":"/","storageRetention":"15d"}"#
                case "/api/v1/status/buildinfo": #"{"version":"2.42.0"}"#
                default: "{}"
                }
            guard request.target.hasPrefix("/api/v1/admin") else {
                return .reply(.response(200, [], #"{"status":"success","data":\#(data)}"#))
            }
            // The server handled the request, and its answer was lost.
            let formatter = DateFormatter()
            formatter.timeZone = TimeZone(identifier: "UTC")
            formatter.locale = Locale(identifier: "en_US_POSIX")
            formatter.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
            let name = "\(formatter.string(from: Date()))-6afcdc643342c0ef"
            try? FileManager.default.createDirectory(
                at: snapshots.appending(path: "\(name)/\(BlockFixture.Kind.plain.rawValue)/chunks"),
                withIntermediateDirectories: true)
            return .reset
        }
        let failure = await site.failure { _ = try await site.source(server.url).capture(site.context) }
        #expect(failure?.reason == .unreachable)
        #expect(server.requests.last?.method == "POST")
        #expect(site.snapshots == [])
        // The server may still be working.
        #expect(site.notes.count == 1)
    }

    @Test(arguments: [
        ("19700101T000000Z-0000000000000000", 0), ("20261123T022455Z-6afcdc643342c0ef", 1_795_400_695),
        ("20240229T235959Z-6afcdc643342c0ef", 1_709_251_199), ("20000301T000000Z-6afcdc643342c0ef", 951_868_800),
    ])
    func `a snapshot's name tells its time`(name: String, time: Int) {
        #expect(BlockName.snapshotTime(name) == time)
    }
}
