internal import BackupRepository
internal import Documents

extension OrganizationContent {
    private static let preferences = [
        "theme", "timezone", "weekStart", "language", "homeDashboardUID", "navbar", "queryHistory",
    ]

    /// Last, because a home dashboard must exist already.
    func importPreferences() async throws {
        for path in try await documents("teams") {
            guard let document = try? await run.tree.document(path), let wanted = document["preferences"],
                !Likeness.isZero(wanted)
            else { continue }
            let name = document.text("name")
            try await run.settle("preferences", named: "of team \(organization.naming(name))") {
                switch identities.teams[name] ?? .absent {
                case .absent: throw Obstacle.failed("the team does not exist")
                case .planned: return .update { [] }
                case .present(let id): return try await planPreferences(wanted, ["teams", "\(id)", "preferences"])
                }
            }
        }
        try await run.settle("preferences", document: "\(organization.folder)/preferences.json") { _ in
            "of organisation '\(organization.name)'"
        } _: {
            try await planPreferences($0, ["org", "preferences"])
        }
    }

    private func planPreferences(_ document: JSONValue, _ path: [String]) async throws -> Plan {
        let current = try await read(path) ?? [:]
        let wanted = document.keeping(Self.preferences)
        let names = Self.preferences.filter { wanted[$0] != nil }
        if Likeness.alike(wanted, current, members: names) { return .same }
        return .update(names.filter { !Likeness.alike(wanted, current, members: [$0]) }) {
            try await write("PUT", path, body: current.keeping(Self.preferences).merging(wanted))
            return []
        }
    }
}
