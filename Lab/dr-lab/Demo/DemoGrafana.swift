import Documents
import Foundation
import HTTP
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

    /// The secrets that Grafana never shows and that a restore requires.
    static let secrets = [
        "data-source/P1/basicAuthPassword": "p1-password", "data-source/P1/httpHeaderValue1": "p1-header",
        "data-source/P1/password": "lab-password", "contact-point/cp-slack/url": "http://slack.example/hook",
        "contact-point/cp-hook/password": "hook-password",
        "contact-point/cp-hook/http_config.oauth2.client_secret": "oauth-secret",
    ]

    var settings: String { Self.settings(url: server.url) }

    static func settings(url: String) -> String {
        let secrets = secrets.keys.sorted().map { "\"\($0)\": {env: \"\(variable($0))\"}" }
        return "{url: \"\(url)\", username: admin, password: {env: GRAFANA_PASSWORD}, annotations: 50y,"
            + " join_organizations: true, secrets: {\(secrets.joined(separator: ", "))}}"
    }

    /// Returns the name of a secret's environment variable.
    private static func variable(_ secret: String) -> String {
        "DEMO_" + secret.map { $0.isLetter || $0.isNumber ? $0.uppercased() : "_" }.joined()
    }

    func setSecrets(on stage: DemoStage) { Self.setSecrets(on: stage) }

    static func setSecrets(on stage: DemoStage) {
        stage.setEnvironment("GRAFANA_PASSWORD", GrafanaState.adminPassword)
        for (name, value) in secrets { stage.setEnvironment(variable(name), value) }
    }

    func answers(watermark: Int?) async throws -> [String: String] { try await Self.answers(of: server.url) }

    static func answers(of url: String) async throws -> [String: String] {
        let login = Data("admin:\(GrafanaState.adminPassword)".utf8).base64EncodedString()
        let questions = HTTPQuestions(url: url, headers: [("Authorization", "Basic \(login)")])
        let found = try await questions.get("/api/search?type=dash-db&limit=5000").array ?? []
        let dashboards = found.compactMap { $0["uid"]?.text }.map { "/api/dashboards/uid/\($0)" }
        let sources = try await questions.get("/api/datasources").array ?? []
        let folders = try await questions.get("/api/folders?limit=1000").array ?? []
        let paths =
            dashboards + folders.compactMap { $0["uid"]?.text }.map { "/api/folders/\($0)" }
            + sources.compactMap { $0["uid"]?.text }.map { "/api/datasources/uid/\($0)" } + [
                "/api/v1/provisioning/alert-rules", "/api/v1/provisioning/contact-points",
                "/api/v1/provisioning/policies", "/api/v1/provisioning/mute-timings", "/api/v1/provisioning/templates",
                "/api/org/preferences",
            ]
        // The new server assigns its own ids, versions and times, and its files provide other objects.
        return try await questions.answers(
            paths,
            without: [
                "id", "orgId", "orgID", "version", "created", "updated", "createdBy", "updatedBy", "folderId",
                "readOnly", "provenance",
            ])
    }

    func destroy() async throws { await server.server.stop() }

    func start() async throws { server = try await GrafanaStandIn(.empty(version: .v11), port: port) }

    func drillServer(_ lab: String) -> String? {
        "{run: [\"\(lab)\", stand-in, grafana, --port, \"${port}\", --seed, empty], ready: /api/health, "
            + "username: admin, password: {env: GRAFANA_PASSWORD}}"
    }

    func stop() async { await server.server.stop() }
}
