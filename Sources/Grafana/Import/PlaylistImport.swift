internal import BackupRepository
internal import Documents

extension OrganizationContent {
    /// Grafana chooses the uid of a playlist: if the old one does not exist, the name identifies it.
    func importPlaylists() async throws {
        for path in try await documents("playlists") {
            try await run.settle("playlist", document: path) {
                organization.naming($0.text("name"))
            } _: {
                try await planPlaylist($0)
            }
        }
    }

    private func planPlaylist(_ document: JSONValue) async throws -> Plan {
        let list = try await read(["playlists"])?.array ?? []
        let namesakes = list.filter { $0.text("name") == document.text("name") }
        let items = (document["items"]?.array ?? []).map { $0.keeping(["type", "value", "title"]) }
        let details =
            items.contains { $0.text("type") == "dashboard_by_id" }
            ? ["refers to dashboards by their old numbers, which have changed"] : []
        let form = document.keeping(["name", "interval"]).merging(["items": .array(items)])
        let known = list.first { $0.text("uid") == document.text("uid") }
        guard let found = known ?? namesakes.first else {
            return .create(details) {
                try await write("POST", ["playlists"], body: form)
                return []
            }
        }
        guard known != nil || namesakes.count == 1 else {
            throw Obstacle.conflict("\(namesakes.count) playlists of the target have this name")
        }
        let uid = found.text("uid")
        guard let current = try await read(["playlists", uid]) else {
            throw Obstacle.failed("it was deleted meanwhile")
        }
        var present = current["items"]?.array ?? []
        if present.isEmpty { present = try await read(["playlists", uid, "items"])?.array ?? [] }
        let isSame =
            Likeness.alike(document, current, members: ["name", "interval"]) && items.count == present.count
            && zip(items, present).allSatisfy { Likeness.alike($0, $1, members: ["type", "value"]) }
        if isSame { return Plan(outcome: .same, details: details) }
        return .update(details) {
            try await write("PUT", ["playlists", uid], body: form.merging(["uid": .string(uid)]))
            return []
        }
    }
}
