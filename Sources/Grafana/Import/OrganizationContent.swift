internal import BackupRepository
internal import Documents

/// The content of one organisation, in the order of its dependencies.
struct OrganizationContent: Sendable {
    let run: ImportRun
    let organization: ImportedOrganization
    let identities: Identities

    var server: ImportServer { run.server }
    var target: Int? { organization.target }

    func importAll() async throws {
        try await importFolders()
        try await importDataSources()
        try await importLibraryElements()
        try await importDashboards()
        try await importCorrelations()
        try await importAlerting()
        try await importPlaylists()
        try await importAnnotations()
        try await importPreferences()
    }

    /// Reads in this organisation; nil if this dry run would create it.
    func read(_ segments: [String], query: ImportServer.Query = []) async throws -> JSONValue? {
        guard target != nil else { return nil }
        return try await server.read(segments, query: query, organization: target)
    }

    @discardableResult
    func write(
        _ method: String, _ segments: [String], body: JSONValue? = nil,
        headers: [(name: String, value: String)] = []
    ) async throws -> JSONValue {
        try await server.write(method, segments, body: body, organization: target, headers: headers)
    }

    func documents(_ folder: String) async throws -> [String] {
        try await run.tree.documents(in: "\(organization.folder)/\(folder)")
    }

    /// The change of the permissions of a folder or a dashboard; none if the backup does not have them.
    func permissionChange(_ document: JSONValue, of segments: [String], isNew: Bool) async throws -> PermissionChange? {
        guard let wanted = document["permissions"] else { return nil }
        let current = isNew ? nil : try await read(segments + ["permissions"])
        return PermissionChange(wanted, current: current, identities)
    }

    /// Sets the permissions if they differ: Grafana gives a new object some of its own.
    func applyPermissions(_ document: JSONValue, of segments: [String]) async throws {
        guard let change = try await permissionChange(document, of: segments, isNew: false), change.isNeeded else {
            return
        }
        try await write("POST", segments + ["permissions"], body: ["items": .array(change.items)])
    }
}
