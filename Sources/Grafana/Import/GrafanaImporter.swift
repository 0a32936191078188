package import BackupRepository
internal import Documents

/// Restores the documents of a backup into a running Grafana, through its API.
///
/// Objects that others refer to come first. Each object is read, compared, and written only if it differs, so that a
/// second run writes nothing. Objects that only the target has stay. Identifiers that Grafana assigns (of
/// organisations, teams, users) are looked up by name; uids are kept.
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
