internal import BackupRepository
internal import Documents
internal import HTTP
internal import Platform

/// Exports one organisation. An object that cannot be read is reported, and the export of the others continues.
struct OrganizationExport: Sendable {
    let api: GrafanaAPI
    let tree: DocumentTree
    let findings: ExportFindings
    let id: Int
    let name: String
    /// The organisation to name in each request; nil for credentials that are bound to one.
    let header: Int?
    let isServerAdmin: Bool
    /// The user that the export made a member for its own access.
    var guest: String?
    /// The time span of the annotations to export; milliseconds since 1970.
    let annotations: ClosedRange<Int>
    var secrets = ContactPointSecrets.never

    /// Objects requested at once: enough to keep a server busy, few enough to leave it usable.
    static let width = 8
    /// After so many consecutive failures the fault is the server's.
    private static let patience = 20

    /// The organisation no longer exists.
    struct Vanished: Error {}

    var folder: String { "organizations/\(id)" }

    func run() async throws {
        try await part("organization") { try describe() }
        try await part("members") { try members() }
        try await exportTeams()
        try await part("service-accounts") { try serviceAccounts() }
        try await exportFolders()
        try await exportDashboards()
        try await part("library-elements") { try libraryElements() }
        try await exportDataSources()
        try await part("correlations", mayBeAbsent: true) { try correlations() }
        try await exportRules()
        try await part("contact-points") { try contactPoints() }
        try await part("notification-policies") { try policies() }
        try await part("mute-timings") { try muteTimings() }
        try await part("templates", mayBeAbsent: true) { try templates() }
        try await part("annotations") { try exportAnnotations() }
        try await part("playlists") { try playlists() }
        try await part("preferences") { try preferences() }
    }

    // MARK: Steps

    /// Exports one kind of object. Blocks: `body` runs on a pool's thread.
    /// - Parameter mayBeAbsent: true if some versions answer 404 for an empty list, or do not know the kind.
    func part(
        _ kind: String, mayBeAbsent: Bool = false, _ body: @Sendable () throws -> Void
    ) async throws {
        try await api.pool.run {
            do {
                try body()
            } catch let error as GrafanaAPIError {
                if error.reason == .notFound {
                    try throwIfVanished()
                    if mayBeAbsent { return findings.isAbsent(kind) }
                }
                try note(error, kind == "organization" ? "\(folder)/organization.json" : "\(folder)/\(kind)")
            }
        }
    }

    /// Exports one object of many. Blocks.
    func object(_ kind: String, at path: String, _ body: () throws -> Void) throws {
        do {
            try body()
            findings.count(kind)
        } catch let error as GrafanaAPIError {
            if error.reason == .notFound {
                // An object that was deleted after it was listed is not an error, unless the whole organisation is
                // deleted.
                try throwIfVanished()
                return findings.hasVanished(kind)
            }
            try note(error, path)
        }
    }

    /// Exports objects in parallel.
    func each(
        _ kind: String, in items: [String], path: @escaping @Sendable (String) -> String,
        _ body: @escaping @Sendable (String) throws -> Void
    ) async throws {
        try await items.concurrentForEach(limit: Self.width) { item in
            try await api.pool.run { try object(kind, at: path(item)) { try body(item) } }
        }
    }

    private func note(_ error: GrafanaAPIError, _ path: String) throws {
        switch error.reason {
        case .unreachable: throw error
        case .failing:
            guard findings.noteFailure() < Self.patience else { throw error }
            findings.damage(path, "\(error)")
        case .forbidden, .unauthorized:
            try throwIfVanished()
            findings.damage(path, "\(error); the credentials need role Admin in organisation '\(name)'")
        default: findings.damage(path, "\(error)")
        }
    }

    /// A deleted organisation looks like one without access: the server admin can distinguish them.
    private func throwIfVanished() throws {
        guard isServerAdmin else { return }
        if try api.perform(GrafanaRequest("GET", ["orgs", String(id)])).status == 404 { throw Vanished() }
    }

    func write(_ path: String, _ value: JSONValue) throws { try tree.write("\(folder)/\(path)", value.document) }

    func get(_ segments: [String], query: [(name: String, value: String)] = []) throws -> JSONValue {
        try api.value(GrafanaRequest("GET", segments, query: query, organization: header))
    }

    /// A list, with any key that identifies its items.
    func list(_ segments: [String], _ shape: GrafanaAPI.ListShape, identity: String...) throws -> [JSONValue] {
        try api.list(segments, organization: header, shape) { item in
            identity.map { item[$0].map { String(decoding: $0.compact, as: UTF8.self) } ?? "" }.joined(separator: " ")
        }
    }

    /// A list in one answer.
    func whole(_ segments: [String], query: [(name: String, value: String)] = []) throws -> [JSONValue] {
        let answer = try get(segments, query: query)
        guard let items = answer.array else {
            if answer.isNull { return [] }
            throw GrafanaAPIError(
                .notGrafana, operation: GrafanaRequest("GET", segments).operation(api.location),
                "the answer is not a list"
            )
        }
        return items
    }
}
