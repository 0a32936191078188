import Foundation
import HTTP
import JSONText
import Lab

/// A stand-in for Grafana with organisations, folders, dashboards, data sources and alerting.
final class DemoGrafana: DemoComponent {
    let name = "grafana"
    let about = "Grafana 11, a stand-in: two organisations with folders, dashboards, data sources, alerting, users"
    private var server: GrafanaStandIn
    private let port: UInt16

    init() async throws {
        server = try await GrafanaStandIn(.rich(version: .v11))
        port = server.server.port
    }

    var settings: String {
        "{url: \"\(server.url)\", username: admin, password: {env: GRAFANA_PASSWORD}, annotations: 50y,"
            + " join_organizations: true}"
    }

    func answers(watermark: Int?) async throws -> [String: String] {
        let login = Data("admin:\(GrafanaState.adminPassword)".utf8).base64EncodedString()
        let questions = DemoQuestions(url: server.url, headers: [("Authorization", "Basic \(login)")])
        let found = try await questions.get("/api/search?type=dash-db&limit=5000").array ?? []
        let dashboards = found.compactMap { $0["uid"]?.text }.map { "/api/dashboards/uid/\($0)" }
        let sources = try await questions.get("/api/datasources").array ?? []
        let paths =
            dashboards + sources.compactMap { $0["uid"]?.text }.map { "/api/datasources/uid/\($0)" } + [
                "/api/folders?limit=1000", "/api/v1/provisioning/alert-rules", "/api/v1/provisioning/contact-points",
                "/api/v1/provisioning/policies", "/api/v1/provisioning/mute-timings", "/api/v1/provisioning/templates",
                "/api/org/preferences",
            ]
        // Numbers, versions and times are the new server's own; secrets cannot come back without being given.
        return try await questions.answers(
            paths,
            without: [
                "id", "orgId", "orgID", "version", "created", "updated", "createdBy", "updatedBy", "secureJsonFields",
                "folderId", "provenance",
            ])
    }

    func destroy() async throws { await server.server.stop() }

    func recover(on stage: DemoStage) async throws {
        server = try await GrafanaStandIn(.empty(version: .v11), port: port)
        try await stage.dr("restore", "--component", name, "--dry-run", "--quiet", accepting: [0, 3], showing: 4)
        // 3: Grafana shows no secrets, and the demo gives none; what lacks them is named.
        try await stage.dr("restore", "--component", name, accepting: [0, 3], showing: 6)
    }

    func stop() async { await server.server.stop() }
}
