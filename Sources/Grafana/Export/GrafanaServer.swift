internal import BackupRepository
internal import Documents
internal import HTTP

/// What the credentials show of a Grafana, found out by asking.
struct GrafanaServer: Sendable {
    struct Organization: Sendable {
        var id: Int
        var name: String
    }

    /// As the server gives it; nil where it hides it.
    var version: String?
    /// Whether all organisations and users can be seen.
    var isServerAdmin: Bool
    var organizations: [Organization]

    /// Blocks.
    /// - Throws: ``GrafanaAPIError``.
    static func survey(_ api: GrafanaAPI) throws -> GrafanaServer {
        let health = try api.value(GrafanaRequest("GET", ["health"]))
        guard health["database"] != nil else {
            throw GrafanaAPIError(
                .notGrafana, operation: GrafanaRequest("GET", ["health"]).operation(api.location),
                "the answer is not Grafana's")
        }
        let version = health["version"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        do {
            // The one list whose pages count from 0.
            let shape = GrafanaAPI.ListShape(firstPage: 0)
            let all = try api.list(["orgs"], shape) { $0["id"].map { "\($0.integer ?? 0)" } ?? "" }
            let organizations = all.compactMap { organization in
                organization["id"]?.integer.map { Organization(id: $0, name: organization["name"]?.text ?? "") }
            }
            return GrafanaServer(
                version: version, isServerAdmin: true, organizations: organizations.sorted { $0.id < $1.id })
        } catch let error as GrafanaAPIError where error.reason == .forbidden {
            // A token, or a user who is no server admin: one organisation is theirs.
            let own = try api.value(GrafanaRequest("GET", ["org"]))
            guard let id = own["id"]?.integer else {
                throw GrafanaAPIError(.notGrafana, operation: error.operation, "the answer names no organisation")
            }
            return GrafanaServer(
                version: version, isServerAdmin: false,
                organizations: [Organization(id: id, name: own["name"]?.text ?? "")])
        }
    }

    /// What the server counts itself, in all organisations; empty for those who may not see it. Blocks.
    static func statistics(_ api: GrafanaAPI) -> [String: Int] {
        let counts = (try? api.value(GrafanaRequest("GET", ["admin", "stats"])))?.object ?? [:]
        return counts.compactMapValues(\.integer)
    }

    /// Asks what only an admin of an organisation may see.
    /// - Parameter organization: nil for credentials that are bound to one.
    /// - Returns: the refusal; nil where there is none.
    static func refusal(_ api: GrafanaAPI, organization: Int?) throws -> GrafanaAPIError? {
        let answer = try api.perform(GrafanaRequest("GET", ["datasources"], organization: organization))
        return answer.isSuccess ? nil : GrafanaAPIError(answer)
    }
}
