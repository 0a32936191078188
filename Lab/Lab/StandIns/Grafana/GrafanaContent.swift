internal import Documents

extension GrafanaRoute {
    /// Library elements, annotations, playlists.
    static var contentRoutes: [GrafanaRoute] { libraryElements + annotations + playlists }

    private static var libraryElements: [GrafanaRoute] {
        [
            GrafanaRoute(.viewer, in: "GET", "library-elements") { state, organization, call in
                var all = organization.libraryElements
                if let kind = call.request.query["kind"].flatMap({ Int($0) }) {
                    all = all.filter { $0["kind"]?.integer == kind }
                }
                let (page, size) = (call.number("page", 1), min(call.number("perPage", 100), state.longestPage))
                return .json(
                    200,
                    [
                        "result": [
                            "totalCount": JSONValue(all.count), "page": JSONValue(page), "perPage": JSONValue(size),
                            "elements": .array(all.page(page, of: size).map { organization.shown($0, state.version) }),
                        ]
                    ])
            },
            GrafanaRoute(.viewer, in: "GET", "library-elements/*") { state, organization, call in
                organization.element(call.parameters[0])
                    .map { .json(200, ["result": organization.shown(organization.libraryElements[$0], state.version)]) }
                    ?? .grafana(404, "library element could not be found")
            },
            GrafanaRoute(.editor, in: "POST", "library-elements") { state, organization, call in
                var element = call.body
                guard let name = element["name"]?.text, !name.isEmpty, element["model"]?.object != nil else {
                    return .grafana(400, "bad request data")
                }
                if (element["uid"]?.text ?? "").isEmpty { element["uid"] = .string(state.nextUID()) }
                let folder = element["folderUid"]?.text ?? ""
                guard folder.isEmpty || organization.folder(folder) != nil else {
                    return .grafana(404, "folder not found")
                }
                let isTaken = organization.libraryElements.contains {
                    $0["uid"] == element["uid"]
                        || ($0["name"]?.text == name && ($0["folderUid"]?.text ?? "") == folder
                            && $0["kind"] == element["kind"])
                }
                guard !isTaken else { return .grafana(400, "library element with that name or UID already exists") }
                element["id"] = JSONValue(state.nextID())
                element["version"] = 1
                organization.libraryElements.append(element)
                return .json(200, ["result": organization.shown(element, state.version)])
            },
            GrafanaRoute(.editor, in: "PATCH", "library-elements/*") { state, organization, call in
                guard let index = organization.element(call.parameters[0]) else {
                    return .grafana(404, "library element could not be found")
                }
                let known = organization.libraryElements[index]
                guard call.body["version"]?.integer == known["version"]?.integer else {
                    return .grafana(412, "the library element has been changed by someone else")
                }
                var element = JSONValue.object((known.object ?? [:]).merging(call.body.object ?? [:]) { $1 })
                element["version"] = JSONValue((known["version"]?.integer ?? 0) + 1)
                organization.libraryElements[index] = element
                return .json(200, ["result": organization.shown(element, state.version)])
            },
        ]
    }

    // MARK: Annotations

    private static var annotations: [GrafanaRoute] {
        [
            GrafanaRoute(.viewer, in: "GET", "annotations") { state, organization, call in
                // There are no pages. The response contains the newest annotations by their ends, up to the limit
                // (default: 100).
                let (from, to) = (call.number("from", 0), call.number("to", 0))
                var found = organization.annotations
                if from > 0, to > 0 {
                    found = found.filter { $0.time <= to && $0.end >= from }
                }
                if call.request.query["type"] == "annotation" {
                    found = found.filter { ($0["alertId"]?.integer ?? 0) == 0 }
                }
                if let uid = call.request.query["dashboardUID"] {
                    found = found.filter { $0["dashboardUID"]?.text == uid }
                }
                let tags = call.request.query["tags"]
                if let tags { found = found.filter { $0["tags"]?.array?.contains(.string(tags)) == true } }
                found.sort { ($0.end, $0.time) > ($1.end, $1.time) }
                return .json(200, .array(Array(found.prefix(min(call.number("limit", 100), state.longestPage)))))
            },
            GrafanaRoute(.editor, in: "POST", "annotations") { state, organization, call in
                guard let text = call.body["text"], !(text.text ?? "").isEmpty else {
                    return .grafana(400, "text field should not be empty")
                }
                let id = state.nextID()
                let time = call.body["time"]?.integer ?? 1_767_225_600_000
                organization.annotations.append(
                    [
                        "id": JSONValue(id), "alertId": 0, "alertName": "", "dashboardId": 0,
                        "dashboardUID": call.body["dashboardUID"] ?? "", "panelId": call.body["panelId"] ?? 0,
                        "userId": JSONValue(state.user(call.login)?.id ?? 0), "login": .string(call.login),
                        "email": "", "avatarUrl": "/avatar/0", "newState": "", "prevState": "",
                        "time": JSONValue(time), "timeEnd": call.body["timeEnd"] ?? JSONValue(time), "text": text,
                        "tags": call.body["tags"] ?? [], "data": call.body["data"] ?? [:],
                        "created": JSONValue(1_767_225_600_000 + id), "updated": JSONValue(1_767_225_600_000 + id),
                    ])
                return .json(200, ["id": JSONValue(id), "message": "Annotation added"])
            },
        ]
    }

    // MARK: Playlists

    private static var playlists: [GrafanaRoute] {
        [
            GrafanaRoute(.viewer, in: "GET", "playlists") { _, organization, call in
                .json(
                    200,
                    .array(
                        organization.playlists.prefix(call.number("limit", 1000)).map { $0.removing(["items"]) }))
            },
            GrafanaRoute(.viewer, in: "GET", "playlists/*") { _, organization, call in
                organization.playlists.first { $0["uid"]?.text == call.parameters[0] }.map { .json(200, $0) }
                    ?? .grafana(404, "Playlist not found")
            },
            GrafanaRoute(.viewer, in: "GET", "playlists/*/items") { _, organization, call in
                organization.playlists.first { $0["uid"]?.text == call.parameters[0] }
                    .map { .json(200, $0["items"] ?? []) } ?? .grafana(404, "Playlist not found")
            },
            GrafanaRoute(.editor, in: "POST", "playlists") { state, organization, call in
                // Grafana ignores the given uid.
                var made = call.body
                made["uid"] = .string(state.nextUID())
                made["id"] = JSONValue(state.nextID())
                organization.playlists.append(made)
                return .json(200, ["uid": made["uid"] ?? "", "id": made["id"] ?? 0, "name": made["name"] ?? ""])
            },
            GrafanaRoute(.editor, in: "PUT", "playlists/*") { _, organization, call in
                guard let index = organization.playlists.firstIndex(where: { $0["uid"]?.text == call.parameters[0] })
                else { return .grafana(404, "Playlist not found") }
                var made = call.body
                made["uid"] = .string(call.parameters[0])
                made["id"] = organization.playlists[index]["id"] ?? 0
                organization.playlists[index] = made
                return .json(200, made)
            },
        ]
    }
}

extension GrafanaOrganization {
    fileprivate func element(_ uid: String) -> Int? { libraryElements.firstIndex { $0["uid"]?.text == uid } }

    fileprivate func shown(_ element: JSONValue, _ version: GrafanaVersion) -> JSONValue {
        var shown = element
        let uid = element["folderUid"]?.text ?? ""
        let name = folder(uid).map { folders[$0].title } ?? "General"
        shown["orgId"] = JSONValue(id)
        shown["folderUid"] = .string(uid)
        if shown["description"] == nil { shown["description"] = element["model"]?["description"] ?? "" }
        shown["type"] = element["model"]?["type"] ?? ""
        shown["meta"] = [
            "folderName": .string(name), "folderUid": .string(uid), "connectedDashboards": 0,
            "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z",
            "createdBy": ["id": 1, "name": "admin", "avatarUrl": ""],
            "updatedBy": ["id": 1, "name": "admin", "avatarUrl": ""],
        ]
        return shown
    }
}

extension JSONValue {
    fileprivate var time: Int { self["time"]?.integer ?? 0 }
    /// The end of the annotation; its start if it has no span.
    fileprivate var end: Int { max(self["timeEnd"]?.integer ?? 0, time) }
}
