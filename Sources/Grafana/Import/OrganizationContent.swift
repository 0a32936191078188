internal import BackupRepository
internal import Documents

/// What one organisation holds, in the order in which one thing needs another.
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

    /// In this organisation; nil where it would be created by this dry run.
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

    /// What to do about the permissions of a folder or a dashboard, none where the backup does not know them.
    func permissionChange(_ document: JSONValue, of segments: [String], isNew: Bool) async throws -> PermissionChange? {
        guard let wanted = document["permissions"] else { return nil }
        let current = isNew ? nil : try await read(segments + ["permissions"])
        return PermissionChange(wanted, current: current, identities)
    }

    /// Sets them where they are not as they should be: a new object comes with some that Grafana gives it.
    func applyPermissions(_ document: JSONValue, of segments: [String]) async throws {
        guard let change = try await permissionChange(document, of: segments, isNew: false), change.isNeeded else {
            return
        }
        try await write("POST", segments + ["permissions"], body: ["items": .array(change.items)])
    }
}
