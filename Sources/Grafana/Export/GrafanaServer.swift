internal import BackupRepository
internal import Documents
internal import HTTP

/// The part of a Grafana that the credentials have access to, as queried.
struct GrafanaServer: Sendable {
    struct Organization: Sendable {
        var id: Int
        var name: String
    }

    /// The server's version; nil if the server hides it.
    var version: String?
    /// True if all organisations and users are visible.
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
            // This list is the only one whose pages count from 0.
            let shape = GrafanaAPI.ListShape(firstPage: 0)
            let all = try api.list(["orgs"], shape) { $0["id"].map { "\($0.integer ?? 0)" } ?? "" }
            let organizations = all.compactMap { organization in
                organization["id"]?.integer.map { Organization(id: $0, name: organization["name"]?.text ?? "") }
            }
            return GrafanaServer(
                version: version, isServerAdmin: true, organizations: organizations.sorted { $0.id < $1.id })
        } catch let error as GrafanaAPIError where error.reason == .forbidden {
            // A token, or a user who is not a server admin: they have access to one organisation.
            let own = try api.value(GrafanaRequest("GET", ["org"]))
            guard let id = own["id"]?.integer else {
                throw GrafanaAPIError(
                    .notGrafana, operation: error.operation, "the answer does not name an organisation")
            }
            return GrafanaServer(
                version: version, isServerAdmin: false,
                organizations: [Organization(id: id, name: own["name"]?.text ?? "")])
        }
    }

    /// The server's counts, over all organisations; empty for credentials that cannot see them. Blocks.
    static func statistics(_ api: GrafanaAPI) -> [String: Int] {
        let counts = (try? api.value(GrafanaRequest("GET", ["admin", "stats"])))?.object ?? [:]
        return counts.compactMapValues(\.integer)
    }

    /// Reads an object that only an admin of an organisation can see.
    /// - Parameter organization: nil for credentials that are bound to one.
    /// - Returns: the refusal; nil if there is none.
    static func refusal(_ api: GrafanaAPI, organization: Int?) throws -> GrafanaAPIError? {
        let answer = try api.perform(GrafanaRequest("GET", ["datasources"], organization: organization))
        return answer.isSuccess ? nil : GrafanaAPIError(answer)
    }
}
