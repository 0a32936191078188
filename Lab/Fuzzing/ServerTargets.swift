internal import Documents
internal import Foundation
internal import Lab
internal import Platform

/// The servers whose answers are fuzzed.
enum ServerTargets {
    static let grafana = "{kind: grafana, url: \"URL\", username: admin, password: {env: SECRET}}"
    static let elasticsearch =
        "{kind: elasticsearch, url: \"URL\", indices: \"jaeger-*\", timeout: 20s, "
        + "repository: {type: fs, location: /mnt/backups/dr}}"
    static let loki = "{kind: loki, url: \"URL\", data: /nowhere}"
    static let prometheus = "{kind: prometheus, url: \"URL\", data: /nowhere}"
    static let alertmanager = "{kind: alertmanager, url: \"URL\"}"

    /// Records the answers of the stand-ins, or takes written ones where there is no stand-in.
    static func make(_ settings: String, in folder: String, pool: BlockingPool) async throws -> ServerTarget {
        func recorded(_ server: StandInServer) async throws -> [String: [UInt8]] {
            let recorder = AnswerRecorder(of: server)
            try await ServerUse(settings, at: server.url, in: folder, pool: pool).run(within: .seconds(20))
            server.alter(nil)
            return recorder.recorded
        }
        let answers: [String: [UInt8]]
        switch settings {
        case grafana:
            let standIn = try await GrafanaStandIn(.rich(), isChecked: false)
            answers = try await recorded(standIn.server)
            await standIn.server.stop()
        case elasticsearch:
            let standIn = try await ElasticsearchStandIn()
            standIn.with { $0.addJaeger(newest: 1_793_491_200_000 - 60_000) }
            answers = try await recorded(standIn.server)
            await standIn.server.stop()
        case loki:
            let standIn = try await LokiStandIn(data: URL(filePath: "\(folder)/loki"))
            answers = try await recorded(standIn.server)
            await standIn.stop()
        case prometheus: answers = Self.prometheusAnswers.mapValues { Array($0.utf8) }
        default: answers = Self.alertmanagerAnswers.mapValues { Array($0.utf8) }
        }
        return try ServerTarget(settings, answers: answers, pool: pool)
    }

    private static let vector =
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"j","__name__":"up"},"#
        + #""value":[1793491200.5,"3"]}]},"warnings":["w"]}"#
    private static let matrix =
        #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"j"},"values":"#
        + #"[[1793400000,"1"],[1793403600,"2"],[1793407200,"NaN"]]}]}}"#
    private static let targets =
        #"{"status":"success","data":{"activeTargets":[{"scrapePool":"p","health":"up","labels":{"job":"j"},"#
        + #""scrapeUrl":"http://h:1/metrics","lastScrape":"2026-11-01T00:00:00Z","lastScrapeDuration":0.1,"#
        + #""scrapeInterval":"15s","scrapeTimeout":"10s","lastError":""}],"droppedTargets":[]}}"#
    private static let configuration =
        #"{"status":"success","data":{"yaml":"global:\n  scrape_interval: 15s\nrule_files: [r.yml]\n"#
        + #"scrape_configs:\n- job_name: j\n  scrape_interval: 1m\n  static_configs: [{targets: ['h:1']}]\n"#
        + #"storage: {tsdb: {out_of_order_time_window: 30m}}\n"}}"#

    private static let prometheusAnswers: [String: String] = {
        var answers: [String: String] = [:]
        for method in ["GET", "POST"] {
            answers["\(method) /api/v1/query"] = vector
            answers["\(method) /api/v1/query_range"] = matrix
        }
        answers["GET /api/v1/targets"] = targets
        answers["GET /api/v1/status/config"] = configuration
        answers["GET /api/v1/status/flags"] =
            #"{"status":"success","data":{"storage.tsdb.path":"/nowhere","storage.tsdb.retention.time":"15d"}}"#
        answers["GET /api/v1/status/runtimeinfo"] =
            #"{"status":"success","data":{"startTime":"2026-11-01T00:00:00Z","CWD":"/","storageRetention":"15d"}}"#
        answers["GET /api/v1/status/buildinfo"] = #"{"status":"success","data":{"version":"2.42.0"}}"#
        answers["GET /api/v1/status/tsdb"] =
            #"{"status":"success","data":{"headStats":{"numSeries":9,"chunkCount":9,"minTime":1,"maxTime":2}}}"#
        answers["POST /api/v1/admin/tsdb/snapshot"] =
            #"{"status":"success","data":{"name":"20261101T000000Z-0000000000000000"}}"#
        answers["GET /-/ready"] = "Prometheus Server is Ready.\n"
        answers["GET /metrics"] =
            "# TYPE up gauge\nup 1\nprometheus_tsdb_head_series 9\nprometheus_target_scrape_pools_total 3\n"
        return answers
    }()

    private static let alertmanagerAnswers: [String: String] = [
        "GET /api/v2/status":
            #"{"cluster":{"status":"ready","name":"n","peers":[{"name":"n","address":"a"}]},"config":{"original":"route: {}"},"#
            + #""uptime":"2026-11-01T00:00:00.000Z","versionInfo":{"version":"0.25.0","branch":"b","revision":"r"}}"#,
        "GET /api/v2/silences":
            #"[{"id":"a-b","status":{"state":"active"},"updatedAt":"2026-11-01T00:00:00.000Z","comment":"c","#
            + #""createdBy":"x","endsAt":"2026-12-01T00:00:00.000Z","startsAt":"2026-11-01T00:00:00.000Z","#
            + #""matchers":[{"isEqual":true,"isRegex":false,"name":"a","value":"b"}]}]"#,
        "GET /-/ready": "OK", "GET /-/healthy": "OK", "GET /api/v2/alerts": "[]",
    ]
}
