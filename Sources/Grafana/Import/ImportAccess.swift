internal import BackupRepository
internal import Documents
internal import HTTP

/// The permissions of the credentials in the target, checked before the first write.
struct ImportAccess: Sendable {
    /// "11.4.0"; empty if the server hides it.
    var version: String
    /// The login of the credentials; nil for a token.
    var login: String?
    /// True if organisations and users can be created: a server admin with user and password.
    var isServerAdmin: Bool
    /// If organisations cannot be created: id and name of the one that the credentials belong to.
    var organization: (id: Int, name: String)?

    static let role =
        "a server admin's user and password (Grafana Admin), or, for one organisation, a service account of role Admin"

    var majorVersion: Int? { Int(version.prefix { $0 != "." }) }

    /// - Parameter user: the name or e-mail address of the credentials; nil for a token.
    /// - Throws: `ComponentError` when the server is unreachable, or the role is too low for any import.
    init(of server: ImportServer, user: String?) async throws {
        do {
            version = try await server.read(["health"])?.text("version") ?? ""
            isServerAdmin = try await Self.isServerAdmin(server)
            if isServerAdmin, let user {
                login = try await server.read(["users", "lookup"], query: [("loginOrEmail", user)])?["login"]?.text
            } else {
                guard let own = try await server.read(["org"]), let id = own["id"]?.integer else {
                    throw GrafanaAPIError(
                        .notGrafana, operation: "GET \(server.api.location)/api/org",
                        "the server does not have this call")
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
