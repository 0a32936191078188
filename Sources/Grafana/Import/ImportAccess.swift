internal import BackupRepository
internal import Documents
internal import HTTP

/// What the credentials may do in the target, found out before anything is done.
struct ImportAccess: Sendable {
    /// "11.4.0"; empty where the server hides it.
    var version: String
    /// Our own login; nil for a token.
    var login: String?
    /// Whether organisations and users can be made: a server admin with user and password.
    var isServerAdmin: Bool
    /// Where organisations cannot be made: id and name of the one that the credentials belong to.
    var organization: (id: Int, name: String)?

    static let role =
        "a server admin's user and password (Grafana Admin), or, for one organisation, a service account of role Admin"

    var majorVersion: Int? { Int(version.prefix { $0 != "." }) }

    /// - Parameter user: the name or e-mail address that we authenticate with; nil for a token.
    /// - Throws: `ComponentError` when the server is away, or the role is too low for anything.
    init(of server: ImportServer, user: String?) async throws {
        do {
            version = try await server.read(["health"])?.text("version") ?? ""
            isServerAdmin = try await Self.isServerAdmin(server)
            if isServerAdmin, let user {
                login = try await server.read(["users", "lookup"], query: [("loginOrEmail", user)])?["login"]?.text
            } else {
                guard let own = try await server.read(["org"]), let id = own["id"]?.integer else {
                    throw GrafanaAPIError(
                        .notGrafana, operation: "GET \(server.api.location)/api/org", "there is no such call")
                }
                organization = (id, own.text("name"))
                _ = try await server.read(["org", "users"])  // which only its Admin may
            }
        } catch let gone as ServerGone {
            throw gone.error.asComponentError("import into \(server.api.location)", role: Self.role)
        } catch let refused as CredentialsRefused {
            throw refused.error.asComponentError("import into \(server.api.location)", role: Self.role)
        } catch let error as GrafanaAPIError {
            throw error.asComponentError("import into \(server.api.location)", role: Self.role)
        }
    }

    private static func isServerAdmin(_ server: ImportServer) async throws -> Bool {
        do {
            return try await server.read(["orgs"], query: [("perpage", "1"), ("page", "0")]) != nil
        } catch let error as GrafanaAPIError where error.reason == .forbidden { return false }
    }
}
