import Documents
import Foundation
import HTTP
import Lab

/// A stand-in for Loki over a real layout of chunks, index and write-ahead log.
final class DemoLoki: DemoComponent {
    let name = "loki"
    let about = "Loki 3, a stand-in over a real layout: two tenants, chunks with index, and lines in memory"
    private let data: URL
    private let port: UInt16
    private var server: LokiStandIn
    private static let tenants = ["team-a", "team-b"]

    init(in folder: URL) async throws {
        data = folder.appending(path: "loki")
        let server = try await LokiStandIn(data: data)
        self.server = server
        port = server.server.port
        let now = Int(Date().timeIntervalSince1970) * 1000
        for (age, isShipped) in [(5 * 3600, true), (3600, true), (60, false)] {
            for tenant in Self.tenants {
                for stream in 0..<4 {
                    let lines = (0..<200).map { number in
                        LokiChunk.Line(
                            time: (now - age * 1000 + number * 50) * 1_000_000,
                            text: Array("level=info stream=\(stream) request=\(number * 7919 % 1009)".utf8))
                    }
                    try server.store.push(tenant: tenant, labels: ["app": "web-\(stream)"], lines: lines)
                }
            }
            guard isShipped else { continue }
            try server.store.flush()
            try server.store.ship()
        }
    }

    var settings: String { "{url: \"\(server.url)\", data: \(data.path), flush: true}" }

    func answers(watermark: Int?) async throws -> [String: String] {
        let now = Int(Date().timeIntervalSince1970)
        var answers: [String: String] = [:]
        for tenant in Self.tenants {
            let questions = HTTPQuestions(url: server.url, headers: [("X-Scope-OrgID", tenant)])
            for stream in 0..<4 {
                let path =
                    "/loki/api/v1/query_range?query=%7Bapp%3D%22web-\(stream)%22%7D&start=\(now - 86_400)000000000"
                    + "&end=\(now + 60)000000000&limit=5000"
                let lines = try await questions.get(path)["data"]?["result"]
                answers["\(tenant): lines of web-\(stream)"] = lines.map { String(decoding: $0.compact, as: UTF8.self) }
            }
        }
        return answers
    }

    func destroy() async throws {
        await server.stop()
        try FileManager.default.removeItem(at: data)
    }

    func start() async throws {
        var options = LokiStandIn.Options()
        options.port = port
        server = try await LokiStandIn(data: data, options)
    }

    func drillServer(_ lab: String) -> String? {
        "{run: [\"\(lab)\", stand-in, loki, --port, \"${port}\", --data, \"${data}\"], ready: /ready}"
    }

    func stop() async { await server.stop() }
}
