internal import Documents

extension GrafanaRoute {
    static var folderRoutes: [GrafanaRoute] {
        [
            GrafanaRoute(.viewer, in: "GET", "folders") { state, organization, call in
                // Only one level. Versions without nested folders ignore the parameter and return all folders.
                let parent = state.version.hasNestedFolders ? call.request.query["parentUid"] ?? "" : ""
                if parent == "sharedwithme" { return .json(200, []) }
                guard parent.isEmpty || organization.folder(parent) != nil else {
                    return .grafana(404, "folder not found")
                }
                let found = organization.folders.filter { ($0.parentUid ?? "") == parent }
                let size = min(call.number("limit", 1000), state.longestPage, 1000)
                let list = found.page(call.number("page", 1), of: size).map { folder -> JSONValue in
                    var item: JSONValue = ["uid": .string(folder.uid), "title": .string(folder.title)]
                    if state.version.hasNumericIDs { item["id"] = JSONValue(folder.id) }
                    if let parent = folder.parentUid { item["parentUid"] = .string(parent) }
                    return item
                }
                return .json(200, .array(list))
            },
            GrafanaRoute(.viewer, in: "GET", "folders/*") { state, organization, call in
                guard let index = organization.folder(call.parameters[0]) else {
                    return .grafana(404, "folder not found")
                }
                return .json(200, organization.describe(organization.folders[index], state.version))
            },
            GrafanaRoute(.viewer, in: "GET", "folders/*/counts") { _, organization, call in
                let count = organization.dashboards.values.count { $0.folderUid == call.parameters[0] }
                return .json(200, ["dashboard": JSONValue(count), "folder": 0, "alertrule": 0, "librarypanel": 0])
            },
            GrafanaRoute(.editor, in: "POST", "folders") { state, organization, call in
                make(call.body, in: &organization, &state)
            },
            GrafanaRoute(.editor, in: "PUT", "folders/*") { state, organization, call in
                guard let index = organization.folder(call.parameters[0]) else {
                    return .grafana(404, "folder not found")
                }
                let folder = organization.folders[index]
                guard call.body["overwrite"]?.bool == true || call.body["version"]?.integer == folder.version else {
                    return .json(
                        412,
                        [
                            "message": "the folder has been changed by someone else", "status": "version-mismatch",
                        ])
                }
                if let title = call.body["title"]?.text { organization.folders[index].title = title }
                if let text = call.body["description"]?.text { organization.folders[index].description = text }
                organization.folders[index].version += 1
                return .json(200, organization.describe(organization.folders[index], state.version))
            },
            GrafanaRoute(.editor, in: "POST", "folders/*/move") { state, organization, call in
                guard state.version >= .v10 else { return .grafana(404, "Not found") }
                guard let index = organization.folder(call.parameters[0]) else {
                    return .grafana(404, "folder not found")
                }
                let parent = call.body["parentUid"]?.text ?? ""
                guard parent.isEmpty || organization.folder(parent) != nil else {
                    return .grafana(404, "parent folder not found")
                }
                guard !organization.ancestors(of: parent).contains(call.parameters[0]) else {
                    return .grafana(400, "circular reference detected")
                }
                organization.folders[index].parentUid = parent.isEmpty ? nil : parent
                return .json(200, organization.describe(organization.folders[index], state.version))
            },
            GrafanaRoute(.editor, in: "DELETE", "folders/*") { _, organization, call in
                organization.folders.removeAll { $0.uid == call.parameters[0] }
                for dashboard in organization.dashboards.values where dashboard.folderUid == call.parameters[0] {
                    organization.dashboards[dashboard.uid] = nil
                }
                return .grafana(200, "Folder deleted")
            },
            GrafanaRoute(.admin, in: "GET", "folders/*/permissions") { state, organization, call in
                guard let index = organization.folder(call.parameters[0]) else {
                    return .grafana(404, "folder not found")
                }
                let folder = organization.folders[index]
                let inherited = organization.ancestors(of: folder.parentUid).compactMap(organization.folder)
                return .json(
                    200,
                    .array(
                        folder.permissions.map { organization.shown($0, isInherited: false, state) }
                            + inherited.flatMap { organization.folders[$0].permissions }
                            .map { organization.shown($0, isInherited: true, state) }))
            },
            GrafanaRoute(.admin, in: "POST", "folders/*/permissions") { _, organization, call in
                guard let index = organization.folder(call.parameters[0]) else {
                    return .grafana(404, "folder not found")
                }
                guard let items = GrafanaOrganization.permissions(call.body) else {
                    return .grafana(400, "bad request data")
                }
                organization.folders[index].permissions = items
                return .grafana(200, "Folder permissions updated")
            },
        ]
    }

    private static func make(
        _ body: JSONValue, in organization: inout GrafanaOrganization, _ state: inout GrafanaState
    ) -> StandInAnswer {
        guard let title = body["title"]?.text, !title.isEmpty else {
            return .grafana(400, "folder title cannot be empty")
        }
        let given = body["uid"]?.text ?? ""
        let uid = given.isEmpty ? state.nextUID() : given
        guard organization.folder(uid) == nil else { return .grafana(409, "a folder with the same uid already exists") }
        var parent: String?
        if state.version.hasNestedFolders, let named = body["parentUid"]?.text, !named.isEmpty {
            guard organization.folder(named) != nil else { return .grafana(404, "parent folder not found") }
            guard organization.ancestors(of: named).count < 4 else {
                return .grafana(400, "Maximum nested folder depth reached")
            }
            parent = named
        }
        if state.version.hasUniqueTitles,
            organization.folders.contains(where: { $0.title == title && $0.parentUid == parent })
        {
            return state.version < .v10
                ? .json(
                    412,
                    [
                        "message": "a folder or dashboard in the general folder with the same name already exists",
                        "status": "name-exists",
                    ]) : .grafana(400, "A folder with that name already exists")
        }
        var folder = GrafanaOrganization.Folder(
            id: state.nextID(), uid: uid, title: title, description: body["description"]?.text, parentUid: parent)
        if parent == nil { folder.permissions = [.init(role: "Viewer", 1), .init(role: "Editor", 2)] }
        organization.folders.append(folder)
        return .json(200, organization.describe(folder, state.version))
    }
}

extension GrafanaOrganization {
    func folder(_ uid: String) -> Int? { folders.firstIndex { $0.uid == uid } }

    /// Returns the folder and all folders above it.
    func ancestors(of uid: String?) -> [String] {
        var path: [String] = []
        var next = uid
        while let uid = next, !path.contains(uid), let index = folder(uid) {
            path.append(uid)
            next = folders[index].parentUid
        }
        return path
    }

    func describe(_ folder: Folder, _ version: GrafanaVersion) -> JSONValue {
        var value: JSONValue = [
            "uid": .string(folder.uid), "title": .string(folder.title), "version": JSONValue(folder.version),
            "url": .string("/dashboards/f/\(folder.uid)/"), "hasAcl": false, "canSave": true, "canEdit": true,
            "canAdmin": true, "canDelete": true, "created": "2026-01-01T00:00:00Z",
            "updated": "2026-01-01T00:00:00Z", "createdBy": "admin", "updatedBy": "admin",
            "id": JSONValue(folder.id), "orgId": JSONValue(id),
        ]
        if let text = folder.description { value["description"] = .string(text) }
        if version.hasNestedFolders, let parent = folder.parentUid {
            value["parentUid"] = .string(parent)
            value["parents"] = .array(
                ancestors(of: parent).reversed().compactMap { self.folder($0) }.map {
                    ["uid": .string(folders[$0].uid), "title": .string(folders[$0].title)]
                })
        }
        return value
    }

    func shown(_ permission: Permission, isInherited: Bool, _ state: GrafanaState) -> JSONValue {
        var item: JSONValue = [
            "permission": JSONValue(permission.permission),
            "permissionName": .string([1: "View", 2: "Edit", 4: "Admin"][permission.permission] ?? ""),
            "inherited": .bool(isInherited), "userId": 0, "userLogin": "", "userEmail": "", "teamId": 0, "team": "",
            "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z", "isFolder": false,
        ]
        if let role = permission.role { item["role"] = .string(role) }
        if let id = permission.team {
            item["teamId"] = JSONValue(id)
            item["team"] = .string(teams.first { $0.id == id }?.name ?? "")
        }
        if let id = permission.user {
            item["userId"] = JSONValue(id)
            item["userLogin"] = .string(
                state.users[id]?.login ?? serviceAccounts.first { $0.id == id }?.login ?? "")
        }
        return item
    }

    /// Returns the items of a request that replaces a list of permissions; nil if one is invalid.
    static func permissions(_ body: JSONValue) -> [Permission]? {
        guard let items = body["items"]?.array else { return nil }
        let read = items.map { item -> Permission? in
            guard let level = item["permission"]?.integer, [1, 2, 4].contains(level) else { return nil }
            let (role, team, user) = (item["role"]?.text, item["teamId"]?.integer, item["userId"]?.integer)
            guard [role != nil, team != nil, user != nil].count(where: { $0 }) == 1 else { return nil }
            return Permission(role: role, team: team, user: user, level)
        }
        return read.contains { $0 == nil } ? nil : read.compactMap { $0 }
    }
}
