internal import Documents

extension GrafanaRoute {
    static var dashboardRoutes: [GrafanaRoute] {
        [
            GrafanaRoute(.viewer, in: "GET", "search") { state, organization, call in
                .json(200, .array(search(organization, state, call)))
            },
            GrafanaRoute(.viewer, in: "GET", "dashboards/uid/*") { state, organization, call in
                guard let dashboard = organization.dashboards[call.parameters[0]] else {
                    return .grafana(404, "Dashboard not found")
                }
                if let schema = dashboard.schema {
                    let place =
                        "/apis/dashboard.grafana.app/\(schema)/namespaces/\(organization.namespace)/dashboards/\(dashboard.uid)"
                    return .grafana(406, "dashboard api version not supported, use \(place) instead")
                }
                let meta = organization.meta(dashboard)
                let body =
                    Array(#"{"dashboard":"#.utf8) + dashboard.text + Array(#","meta":"#.utf8) + meta.compact
                    + Array("}".utf8)
                return StandInAnswer(200, headers: ["Content-Type": "application/json"], body: body)
            },
            GrafanaRoute(.editor, in: "DELETE", "dashboards/uid/*") { _, organization, call in
                organization.dashboards.removeValue(forKey: call.parameters[0]) == nil
                    ? .grafana(404, "Dashboard not found") : .json(200, ["title": "", "message": "Dashboard deleted"])
            },
            GrafanaRoute(.editor, in: "POST", "dashboards/db") { state, organization, call in
                save(call.body, in: &organization, &state)
            },
            GrafanaRoute(.editor, in: "GET", "dashboards/uid/*/versions") { state, organization, call in
                guard let dashboard = organization.dashboards[call.parameters[0]] else {
                    return .grafana(404, "Dashboard not found")
                }
                let versions = (1...dashboard.version).reversed().map { number -> JSONValue in
                    ["version": JSONValue(number), "uid": .string(dashboard.uid), "createdBy": "admin", "message": ""]
                }
                return .json(
                    200,
                    state.version < .v12
                        ? .array(versions) : ["continueToken": "", "versions": .array(versions)])
            },
            GrafanaRoute(.admin, in: "GET", "dashboards/uid/*/permissions") { state, organization, call in
                guard let dashboard = organization.dashboards[call.parameters[0]] else {
                    return .grafana(404, "Dashboard not found")
                }
                let inherited = organization.ancestors(of: dashboard.folderUid).compactMap(organization.folder)
                return .json(
                    200,
                    .array(
                        dashboard.permissions.map { organization.shown($0, isInherited: false, state) }
                            + inherited.flatMap { organization.folders[$0].permissions }
                            .map { organization.shown($0, isInherited: true, state) }))
            },
            GrafanaRoute(.admin, in: "POST", "dashboards/uid/*/permissions") { _, organization, call in
                guard organization.dashboards[call.parameters[0]] != nil else {
                    return .grafana(404, "Dashboard not found")
                }
                guard let items = GrafanaOrganization.permissions(call.body) else {
                    return .grafana(400, "bad request data")
                }
                organization.dashboards[call.parameters[0]]?.permissions = items
                return .grafana(200, "Dashboard permissions updated")
            },
        ] + publicDashboards + appPlatform
    }

    // MARK: Search

    private static func search(
        _ organization: GrafanaOrganization, _ state: GrafanaState, _ call: GrafanaCall
    ) -> [JSONValue] {
        let query = call.request.query
        let size = min(call.number("limit", 1000), 5000, state.longestPage)
        let page = call.number("page", 1)
        guard query["type"] != "dash-folder" else {
            return organization.folders.sorted { $0.uid < $1.uid }.page(page, of: size).map { folder in
                var item: JSONValue = [
                    "uid": .string(folder.uid), "title": .string(folder.title), "type": "dash-folder", "tags": [],
                    "isStarred": false, "url": .string("/dashboards/f/\(folder.uid)/"), "uri": "db/x",
                ]
                if let parent = folder.parentUid { item["folderUid"] = .string(parent) }
                if state.version.hasNumericIDs { item["id"] = JSONValue(folder.id) }
                return item
            }
        }
        var found = organization.dashboards.values.sorted { $0.uid < $1.uid }
        if let folder = query["folderUIDs"] { found = found.filter { ($0.folderUid ?? "general") == folder } }
        if let uid = query["dashboardUIDs"] { found = found.filter { $0.uid == uid } }
        if let text = query["query"]?.lowercased() { found = found.filter { $0.title.lowercased().contains(text) } }
        return found.page(page, of: size).map { dashboard in
            var item: JSONValue = [
                "uid": .string(dashboard.uid), "title": .string(dashboard.title), "type": "dash-db",
                "tags": .array(dashboard.tags.map { .string($0) }), "isStarred": false, "uri": "db/x",
                "url": .string("/d/\(dashboard.uid)/x"), "slug": "", "sortMeta": 0,
            ]
            if state.version.hasNumericIDs { item["id"] = JSONValue(dashboard.id) }
            if let folder = dashboard.folderUid {
                item["folderUid"] = .string(folder)
                item["folderTitle"] = .string(
                    organization.folder(folder).map { organization.folders[$0].title } ?? "")
            }
            return item
        }
    }

    // MARK: Saving

    private static func save(
        _ body: JSONValue, in organization: inout GrafanaOrganization, _ state: inout GrafanaState
    ) -> StandInAnswer {
        guard var content = body["dashboard"], content.object != nil else { return .grafana(400, "bad request data") }
        guard let title = content["title"]?.text, !title.isEmpty else {
            return .json(400, ["message": "Dashboard title cannot be empty", "status": "empty-name"])
        }
        let folder = body["folderUid"]?.text ?? ""
        guard folder.isEmpty || organization.folder(folder) != nil else { return .grafana(404, "folder not found") }
        let overwrites = body["overwrite"]?.bool == true
        let id = content["id"]?.integer ?? 0
        var uid = content["uid"]?.text ?? ""
        guard uid.utf8.count <= 40 else { return .json(400, ["message": "uid too long, max 40 characters"]) }
        if id > 0 {
            // A numeric id from another server is unknown here, or belongs to another dashboard.
            guard let known = organization.dashboards.values.first(where: { $0.id == id }) else {
                return .json(404, ["message": "Dashboard not found", "status": "not-found"])
            }
            guard uid.isEmpty || uid == known.uid || organization.dashboards[uid] == nil else {
                return .grafana(400, "A dashboard with the same uid already exists")
            }
            if uid.isEmpty { uid = known.uid }
        }
        let twin = organization.dashboards.values.first {
            $0.title == title && ($0.folderUid ?? "") == folder && $0.uid != uid
        }
        if state.version.hasUniqueTitles, let twin {
            guard overwrites || uid.isEmpty else {
                return .json(
                    412,
                    [
                        "message": "A dashboard with the same name in the folder already exists",
                        "status": "name-exists",
                    ])
            }
            uid = twin.uid
        }
        if uid.isEmpty { uid = state.nextUID() }
        var dashboard =
            organization.dashboards[uid]
            ?? GrafanaOrganization.Dashboard(id: state.nextID(), uid: uid, title: title, version: 0, text: [])
        if dashboard.isProvisioned { return .grafana(400, "Cannot save provisioned dashboard") }
        if dashboard.version > 0, !overwrites, content["version"]?.integer != dashboard.version {
            return .json(
                412,
                [
                    "message": "The dashboard has been changed by someone else", "status": "version-mismatch",
                ])
        }
        if dashboard.version == 0, folder.isEmpty {
            dashboard.permissions = [.init(role: "Viewer", 1), .init(role: "Editor", 2)]
        }
        dashboard.version += 1
        dashboard.title = title
        dashboard.folderUid = folder.isEmpty ? nil : folder
        dashboard.schema = nil
        dashboard.tags = (content["tags"]?.array ?? []).compactMap(\.text)
        content["id"] = JSONValue(dashboard.id)
        content["uid"] = .string(uid)
        content["version"] = JSONValue(dashboard.version)
        dashboard.text = content.compact
        organization.dashboards[uid] = dashboard
        return .json(
            200,
            [
                "id": JSONValue(dashboard.id), "uid": .string(uid), "url": .string("/d/\(uid)/x"), "slug": "x",
                "status": "success", "version": JSONValue(dashboard.version), "folderUid": .string(folder),
            ])
    }

    // MARK: Public dashboards

    private static var publicDashboards: [GrafanaRoute] {
        [
            GrafanaRoute(.viewer, in: "GET", "dashboards/public-dashboards") { state, organization, call in
                guard state.version >= .v10 else { return .grafana(404, "Not found") }
                let all = organization.dashboards.values.filter { $0.publicDashboard != nil }
                    .sorted { $0.uid < $1.uid }
                let (page, size) = (call.number("page", 1), min(call.number("perpage", 1000), state.longestPage))
                let list = all.page(page, of: size).map { dashboard -> JSONValue in
                    [
                        "uid": dashboard.publicDashboard?["uid"] ?? "",
                        "accessToken": dashboard.publicDashboard?["accessToken"] ?? "",
                        "dashboardUid": .string(dashboard.uid), "title": .string(dashboard.title),
                        "isEnabled": dashboard.publicDashboard?["isEnabled"] ?? false,
                    ]
                }
                return .json(
                    200,
                    [
                        "publicDashboards": .array(list), "totalCount": JSONValue(all.count), "page": JSONValue(page),
                        "perPage": JSONValue(size),
                    ])
            },
            GrafanaRoute(.viewer, in: "GET", "dashboards/uid/*/public-dashboards") { _, organization, call in
                organization.dashboards[call.parameters[0]]?.publicDashboard.map { .json(200, $0) }
                    ?? .grafana(404, "Public dashboard not found")
            },
            GrafanaRoute(.admin, in: "POST", "dashboards/uid/*/public-dashboards") { state, organization, call in
                guard let dashboard = organization.dashboards[call.parameters[0]] else {
                    return .grafana(404, "Dashboard not found")
                }
                guard dashboard.publicDashboard == nil else { return .grafana(400, "Dashboard is already public") }
                var made = call.body
                made["dashboardUid"] = .string(dashboard.uid)
                for name in ["uid", "accessToken"] where made[name] == nil { made[name] = .string(state.nextUID()) }
                for name in ["createdAt", "updatedAt"] { made[name] = "2026-01-01T00:00:00Z" }
                organization.dashboards[dashboard.uid]?.publicDashboard = made
                return .json(200, made)
            },
            GrafanaRoute(.admin, in: "PATCH", "dashboards/uid/*/public-dashboards/*") { _, organization, call in
                guard let known = organization.dashboards[call.parameters[0]]?.publicDashboard else {
                    return .grafana(404, "Public dashboard not found")
                }
                let merged = JSONValue.object((known.object ?? [:]).merging(call.body.object ?? [:]) { $1 })
                organization.dashboards[call.parameters[0]]?.publicDashboard = merged
                return .json(200, merged)
            },
        ]
    }

    // MARK: The API of Grafana 12

    private static var appPlatform: [GrafanaRoute] {
        let list = "apis/dashboard.grafana.app/*/namespaces/*/dashboards"
        return [
            GrafanaRoute(.viewer, in: "GET", "\(list)/*") { state, organization, call in
                guard state.version >= .v12, call.parameters[1] == organization.namespace else {
                    return .grafana(404, "Not found")
                }
                guard let dashboard = organization.dashboards[call.parameters[2]] else {
                    return .grafana(404, "Dashboard not found")
                }
                return .json(200, organization.resource(dashboard, version: call.parameters[0]))
            },
            GrafanaRoute(.editor, in: "POST", list) { state, organization, call in
                keep(call, mustExist: false, in: &organization, &state)
            },
            GrafanaRoute(.editor, in: "PUT", "\(list)/*") { state, organization, call in
                keep(call, mustExist: true, in: &organization, &state)
            },
        ]
    }

    private static func keep(
        _ call: GrafanaCall, mustExist: Bool, in organization: inout GrafanaOrganization, _ state: inout GrafanaState
    ) -> StandInAnswer {
        guard state.version >= .v12, call.parameters[1] == organization.namespace else {
            return .grafana(404, "Not found")
        }
        let body = call.body
        guard let uid = body["metadata"]?["name"]?.text, let spec = body["spec"] else {
            return .grafana(422, "metadata.name and spec are required")
        }
        let known = organization.dashboards[uid]
        guard (known != nil) == mustExist else {
            return mustExist ? .grafana(404, "Dashboard not found") : .grafana(409, "dashboard already exists")
        }
        let folder = body["metadata"]?["annotations"]?["grafana.app/folder"]?.text ?? ""
        guard folder.isEmpty || organization.folder(folder) != nil else { return .grafana(404, "folder not found") }
        var dashboard =
            known ?? GrafanaOrganization.Dashboard(id: state.nextID(), uid: uid, title: "", version: 0, text: [])
        dashboard.version += 1
        dashboard.title = spec["title"]?.text ?? ""
        dashboard.folderUid = folder.isEmpty ? nil : folder
        dashboard.schema = call.parameters[0]
        dashboard.text = spec.compact
        organization.dashboards[uid] = dashboard
        return .json(mustExist ? 200 : 201, organization.resource(dashboard, version: call.parameters[0]))
    }
}

extension GrafanaOrganization {
    var namespace: String { id == 1 ? "default" : "org-\(id)" }

    fileprivate func meta(_ dashboard: Dashboard) -> JSONValue {
        let title = dashboard.folderUid.flatMap { folder($0) }.map { folders[$0].title }
        return [
            "folderUid": .string(dashboard.folderUid ?? ""), "folderTitle": .string(title ?? "General"),
            "provisioned": .bool(dashboard.isProvisioned), "provisionedExternalId": "",
            "version": JSONValue(dashboard.version), "created": "2026-01-01T00:00:00Z",
            "updated": "2026-01-01T00:00:00Z", "createdBy": "admin", "updatedBy": "admin",
            "url": .string("/d/\(dashboard.uid)/x"), "slug": "x", "hasAcl": false, "isFolder": false, "type": "db",
            "publicDashboardEnabled": dashboard.publicDashboard?["isEnabled"] ?? false,
        ]
    }

    fileprivate func resource(_ dashboard: Dashboard, version: String) -> JSONValue {
        var annotations: JSONValue = ["grafana.app/createdBy": "user:u1"]
        if let folder = dashboard.folderUid { annotations["grafana.app/folder"] = .string(folder) }
        return [
            "apiVersion": .string("dashboard.grafana.app/\(version)"), "kind": "Dashboard",
            "metadata": [
                "name": .string(dashboard.uid), "namespace": .string(namespace), "uid": "00000000-0000",
                "resourceVersion": .string("\(dashboard.version)"), "generation": JSONValue(dashboard.version),
                "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": annotations,
            ],
            "spec": (try? JSONValue(parsing: dashboard.text)) ?? .null, "status": [:],
        ]
    }
}
