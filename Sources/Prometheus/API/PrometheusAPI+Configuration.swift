extension PrometheusAPI {
    /// The configuration that the server has loaded, as YAML; it masks its secrets itself.
    package func configuration() async throws -> String {
        struct Content: Decodable, Sendable { var yaml: String }
        let content: Content = try await get("/api/v1/status/config")
        return content.yaml
    }

    /// Paths of the rule files that are loaded, as the server sees them.
    package func ruleFiles() async throws -> Set<String> {
        struct Content: Decodable, Sendable { var groups: [Group] }
        struct Group: Decodable, Sendable { var file: String }
        let content: Content = try await get("/api/v1/rules")
        return Set(content.groups.map(\.file))
    }

    /// URLs of the Alertmanagers that alerts are sent to.
    package func alertmanagers() async throws -> [String] {
        struct Content: Decodable, Sendable { var activeAlertmanagers: [Alertmanager] }
        struct Alertmanager: Decodable, Sendable { var url: String }
        let content: Content = try await get("/api/v1/alertmanagers")
        return content.activeAlertmanagers.map(\.url)
    }
}
