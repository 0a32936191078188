internal import BackupRepository
internal import Documents

extension OrganizationContent {
    private struct Entry {
        var path: String
        var uid: String
        var parent: String
        var depth = 0
    }

    /// Parents before children.
    func importFolders() async throws {
        var entries: [String: Entry] = [:]
        for path in try await documents("folders") {
            guard let document = try await run.document("folder", path) else { continue }
            let uid = document.text("uid")
            entries[uid] = Entry(path: path, uid: uid, parent: document.text("parentUid"))
        }
        for uid in entries.keys {
            var (depth, above) = (0, entries[uid]?.parent)
            while let parent = above, let entry = entries[parent], depth <= entries.count {
                depth += 1
                above = entry.parent
            }
            entries[uid]?.depth = depth
        }
        let nests = try await run.reading { try await nestsFolders() }
        for entry in entries.values.sorted(by: { ($0.depth, $0.uid) < ($1.depth, $1.uid) }) {
            try await run.settle("folder", document: entry.path) {
                organization.naming($0.text("title"), uid: entry.uid)
            } _: {
                try await planFolder($0, nests: nests)
            }
        }
    }

    /// A server without nested folders silently ignores the requested parent, and returns every folder.
    private func nestsFolders() async throws -> Bool {
        guard let major = run.access.majorVersion, major < 11 else { return true }
        guard major == 10 else { return false }
        let below = try await read(["folders"], query: [("parentUid", "dr-there-is-no-such-folder")])
        return (below?.array ?? []).isEmpty
    }

    private func planFolder(_ document: JSONValue, nests: Bool) async throws -> Plan {
        let (uid, parent) = (document.text("uid"), document.text("parentUid"))
        if !parent.isEmpty, !nests {
            throw Obstacle.conflict(
                "this Grafana (\(run.access.version)) does not nest folders: 11 and later do, 10 with its feature "
                    + "'nestedFolders'")
        }
        let path = ["folders", uid]
        guard let current = try await read(path) else {
            if let other = try await namesake(of: document) {
                throw Obstacle.conflict(
                    "folder '\(other)' has this title, and this Grafana (\(run.access.version)) requires unique titles")
            }
            let change = try await permissionChange(document, of: path, isNew: true)
            return .create(change?.details ?? []) {
                let made = try await write(
                    "POST", ["folders"], body: document.keeping(["uid", "title", "parentUid", "description"]))
                try await applyPermissions(document, of: path)
                guard parent.isEmpty || made.text("parentUid") == parent else {
                    throw Obstacle.conflict(
                        "it is at the top level now, because this Grafana (\(run.access.version)) does not nest folders: "
                            + "enable its feature 'nestedFolders'")
                }
                return []
            }
        }
        // An imported backup may know only a folder's title: the target's folder keeps the rest.
        let unknown = Set((document["unknown"]?.array ?? []).compactMap(\.text))
        let members = ["title", "description"].filter { !unknown.contains($0) }
        let isSame = Likeness.alike(document, current, members: members)
        let isInPlace = unknown.contains("parentUid") || current.text("parentUid") == parent
        let change = try await permissionChange(document, of: path, isNew: false)
        if isSame, isInPlace, change?.isNeeded != true {
            return Plan(outcome: .same, details: change?.details ?? [])
        }
        let details = (isSame ? [] : ["title or description"]) + (isInPlace ? [] : ["place"])
        return .update(details + (change?.details ?? [])) {
            if !isInPlace {
                try await write("POST", path + ["move"], body: ["parentUid": .string(parent)])
            }
            if !isSame {
                let form = current.keeping(["title", "description"].filter(unknown.contains))
                    .merging(document.keeping(members))
                try await write("PUT", path, body: form.merging(["overwrite": true]))
            }
            try await applyPermissions(document, of: path)
            return []
        }
    }

    /// Before version 11 no two folders of one place had the same title.
    private func namesake(of document: JSONValue) async throws -> String? {
        guard let major = run.access.majorVersion, major < 11, target != nil else { return nil }
        let parent = document.text("parentUid")
        let siblings = try await server.list(
            ["folders"], query: parent.isEmpty ? [] : [("parentUid", parent)], GrafanaAPI.ListShape(size: "limit"),
            organization: target)
        return siblings.first { $0.text("title") == document.text("title") && $0.text("uid") != document.text("uid") }?
            .text("uid")
    }
}
