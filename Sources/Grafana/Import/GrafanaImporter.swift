package import BackupRepository
internal import Documents

/// Brings the documents of a backup back into a running Grafana, through its API.
///
/// Everything that others refer to comes first; each object is read, compared, and written only where it differs, so
/// that a second run writes nothing. What the target alone has stays. Identifiers that Grafana gives (of organisations,
/// teams, users) are looked up by name; uids are kept.
package struct GrafanaImporter: ComponentImporter {
    package static var kind: String { "grafana" }
    package static var destination: ImportDestination { .server }

    let api: GrafanaAPI
    let user: String?
    let secrets: ImportSecrets

    /// - Parameter user: the name that `api` authenticates with; nil for a token.
    package init(api: GrafanaAPI, user: String?, secrets: ImportSecrets) {
        self.api = api
        self.user = user
        self.secrets = secrets
    }

    package func run(
        _ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void
    ) async throws {
        let server = ImportServer(api)
        let access = try await ImportAccess(of: server, user: user)
        var run = ImportRun(
            server: server, tree: ImportTree(root: request.tree, pool: api.pool), secrets: secrets, request: request,
            access: access, ledger: ImportLedger(request.progress, report))
        if secrets.placeholder == nil {
            run.secrets = secrets.adding(
                stored: SecretsLayer.values(try await run.document("secrets", SecretsLayer.path)))
        }
        let organizations = try await run.importOrganizations()
        let users = try await run.importUsers(into: organizations)
        for organization in organizations {
            guard let visit = try await run.enter(organization) else { continue }
            let people = OrganizationPeople(run: run, organization: organization, users: users, visit: visit)
            let identities = try await people.importAll()
            try await OrganizationContent(run: run, organization: organization, identities: identities).importAll()
            try await people.leave()
        }
    }
}
