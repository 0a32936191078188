internal import BackupRepository
internal import Documents
internal import HTTP
internal import Platform

/// A dashboard of the target.
struct PresentDashboard {
    var dashboard: JSONValue
    /// Uid; empty for the top level.
    var folder: String
    var isProvisioned: Bool
}

extension OrganizationContent {
    /// Dashboards read, compared and written at once, which limits the memory. More would only queue in Grafana, whose
    /// SQLite accepts one writer at a time.
    private static let lanes = 4

    func importLibraryElements() async throws {
        for path in try await documents("library-elements") {
            try await run.settle("library element", document: path) {
                organization.naming($0.text("name"), uid: $0.text("uid"))
            } _: {
                try await planLibraryElement($0)
            }
        }
    }

    private func planLibraryElement(_ document: JSONValue) async throws -> Plan {
        let fields = ["name", "kind", "model", "folderUid"]
        let path = ["library-elements", document.text("uid")]
        var form = document.keeping(fields + ["uid"])
        form["folderUid"] = .string(document.text("folderUid"))
        guard let current = try await read(path)?["result"] else {
            return .create {
                try await write("POST", ["library-elements"], body: form)
                return []
            }
        }
        // The member of the answer that has its folder depends on the version.
        let folder = current["folderUid"]?.text ?? current["meta"]?["folderUid"]?.text ?? ""
        let isSame = Likeness.alike(document, current, members: ["name", "kind", "model"])
        let isInPlace = Self.isTop(folder) && form.text("folderUid").isEmpty || folder == form.text("folderUid")
        if isSame, isInPlace { return .same }
        return .update(isInPlace ? [] : ["place"]) {
            try await write("PATCH", path, body: form.merging(["version": current["version"] ?? 1]))
            return []
        }
    }

    private static func isTop(_ folder: String) -> Bool { folder.isEmpty || folder == "general" }

    /// Each is read from the tree just before it is imported.
    func importDashboards() async throws {
        try await documents("dashboards").concurrentForEach(limit: Self.lanes) { path in
            guard let document = try await run.document("dashboard", path) else { return }
            let dashboard = document["dashboard"] ?? .null
            let uid = dashboard["uid"]?.text ?? dashboard["metadata"]?["name"]?.text ?? ""
            let name = organization.naming(
                dashboard["title"]?.text ?? dashboard["spec"]?["title"]?.text ?? uid, uid: uid)
            let isThere = try await run.settle("dashboard", named: name) { try await planDashboard(document, uid) }
            guard isThere, let link = document["publicDashboard"], !Likeness.isZero(link) else { return }
            try await run.settle("public dashboard", named: name) { try await planPublicDashboard(link, of: uid) }
        }
    }

    // MARK: One dashboard

    private func planDashboard(_ document: JSONValue, _ uid: String) async throws -> Plan {
        guard let dashboard = document["dashboard"], dashboard.object != nil, !uid.isEmpty else {
            throw Obstacle.failed("its document has no dashboard with a uid")
        }
        let folder = document.text("folderUid")
        let permissions = ["dashboards", "uid", uid]
        guard let current = try await presentDashboard(uid) else {
            if let other = try await namesake(of: dashboard, uid, in: folder) {
                throw Obstacle.conflict(
                    "dashboard '\(other)' of its folder has this title, and this Grafana (\(run.access.version)) "
                        + "requires unique titles")
            }
            let change = try await permissionChange(document, of: permissions, isNew: true)
            return .create(change?.details ?? []) {
                try await save(dashboard, in: folder, over: nil)
                try await applyPermissions(document, of: permissions)
                return []
            }
        }
        let isSame = Self.isSame(dashboard, current.dashboard)
        let isInPlace = current.folder == folder || Self.isTop(current.folder) && Self.isTop(folder)
        let change = try await permissionChange(document, of: permissions, isNew: false)
        if isSame, isInPlace, change?.isNeeded != true {
            return Plan(outcome: .same, details: change?.details ?? [])
        }
        if !isSame || !isInPlace, current.isProvisioned {
            throw Obstacle.conflict("differs, and comes from a provisioning file: change it there")
        }
        if Self.isResource(current.dashboard), !Self.isResource(dashboard) {
            throw Obstacle.conflict("is a dashboard of schema 2 in the target, and of schema 1 in the backup")
        }
        return .update((isInPlace ? [] : ["place"]) + (change?.details ?? [])) {
            if !isSame || !isInPlace { try await save(dashboard, in: folder, over: current) }
            try await applyPermissions(document, of: permissions)
            return []
        }
    }

    private func presentDashboard(_ uid: String) async throws -> PresentDashboard? {
        let answer: JSONValue?
        do {
            answer = try await read(["dashboards", "uid", uid])
        } catch let error as GrafanaAPIError where error.reason == .notAcceptable {
            return try await presentResource(uid, error)
        }
        guard let answer, let dashboard = answer["dashboard"] else { return nil }
        let meta = answer["meta"] ?? .null
        return PresentDashboard(
            dashboard: dashboard, folder: meta.text("folderUid"), isProvisioned: meta["provisioned"]?.bool == true)
    }

    /// Never with `overwrite`, which before version 11 would replace another dashboard of the same title. The version
    /// that was read is sent instead, so that the server refuses if it has a newer one.
    private func save(_ dashboard: JSONValue, in folder: String, over current: PresentDashboard?) async throws {
        if Self.isResource(dashboard) { return try await saveResource(dashboard, in: folder, over: current) }
        var content = dashboard.removing(["version"])
        content["id"] = .null
        if let version = current?.dashboard["version"] { content["version"] = version }
        try await write(
            "POST", ["dashboards", "db"],
            body: [
                "dashboard": content, "folderUid": .string(folder), "overwrite": false,
                "message": .string("restored by dr from the backup of \(run.request.manifest.name)"),
            ])
    }

    /// Before version 11 no two dashboards of one folder had the same title.
    private func namesake(of dashboard: JSONValue, _ uid: String, in folder: String) async throws -> String? {
        guard let major = run.access.majorVersion, major < 11, target != nil else { return nil }
        let title = dashboard.text("title")
        let found = try await read(["search"], query: [("type", "dash-db"), ("query", title), ("limit", "1000")])
        return (found?.array ?? []).first {
            $0.text("title") == title && $0.text("uid") != uid && $0.text("folderUid") == folder
        }?.text("uid")
    }

    static func isSame(_ document: JSONValue, _ current: JSONValue) -> Bool {
        guard isResource(document) == isResource(current) else { return false }
        if isResource(document) {
            return document["apiVersion"] == current["apiVersion"] && Likeness.alike(document["spec"], current["spec"])
        }
        return Likeness.alike(comparable(document), comparable(current))
    }

    /// The dashboard without the server's counters, and without the members that it adds to panels of a library
    /// element.
    private static func comparable(_ dashboard: JSONValue) -> JSONValue {
        var result = dashboard.removing(["id", "version", "iteration"])
        if let panels = result["panels"]?.array { result["panels"] = .array(panels.map(comparablePanel)) }
        return result
    }

    private static func comparablePanel(_ panel: JSONValue) -> JSONValue {
        var panel = panel
        if let panels = panel["panels"]?.array { panel["panels"] = .array(panels.map(comparablePanel)) }
        guard let element = panel["libraryPanel"], element.object != nil else { return panel }
        return panel.keeping(["id", "gridPos"]).merging(["libraryPanel": element.keeping(["uid"])])
    }

    // MARK: Public dashboards

    private func planPublicDashboard(_ document: JSONValue, of uid: String) async throws -> Plan {
        let fields = ["isEnabled", "annotationsEnabled", "timeSelectionEnabled", "share"]
        let path = ["dashboards", "uid", uid, "public-dashboards"]
        guard let current = try await read(path), let present = current["uid"]?.text, !present.isEmpty else {
            return .create {
                try await write("POST", path, body: document.keeping(fields + ["uid", "accessToken"]))
                return []
            }
        }
        let token = document.text("accessToken")
        guard token.isEmpty || current.text("accessToken") == token else {
            throw Obstacle.conflict(
                "it is public under another address already: remove that one to restore the old one")
        }
        if Likeness.alike(document, current, members: fields) { return .same }
        return .update {
            try await write("PATCH", path + [present], body: document.keeping(fields))
            return []
        }
    }
}
