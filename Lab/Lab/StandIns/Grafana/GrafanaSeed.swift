package import Documents

/// Initial contents for tests of backups.
extension GrafanaState {
    /// The password of the server admin in each seed; the login is "admin".
    package static let adminPassword = "admin-secret"
    /// The token of the first organisation.
    package static let adminToken = "glsa_admin_one"
    package static let viewerToken = "glsa_viewer_one"
    /// The token of the second organisation.
    package static let secondToken = "glsa_admin_two"

    /// A new installation: one organisation and one server admin.
    package static func empty(version: GrafanaVersion = .v11, firstID: Int = 1) -> GrafanaState {
        var state = GrafanaState(version: version, firstID: firstID)
        let admin = state.add(login: "admin", name: "", password: adminPassword, isGrafanaAdmin: true)
        var main = GrafanaOrganization(id: 1, name: "Main Org.")
        main.members[admin] = "Admin"
        main.contactPoints = [Self.defaultContactPoint]
        state.organizations[1] = main
        state.tokens = [
            adminToken: Token(organization: 1, role: "Admin"), viewerToken: Token(organization: 1, role: "Viewer"),
        ]
        return state
    }

    /// Two organisations with objects of each kind, including difficult names and secrets. The admin belongs to both.
    package static func rich(version: GrafanaVersion = .v11, firstID: Int = 1) -> GrafanaState {
        var state = empty(version: version, firstID: firstID)
        let ann = state.add(login: "ann", name: "Ann Ämter", password: "ann-secret")
        let bob = state.add(login: "bob@example.org", name: "Bob", password: "bob-secret")
        let eve = state.add(login: "eve", name: "Eve", password: "eve-secret")
        state.users[eve]?.authLabels = ["LDAP"]
        state.users[bob]?.isDisabled = true
        if var main = state.organizations[1] {
            main.members.merge([ann: "Editor", bob: "Viewer", eve: "Admin"]) { $1 }
            state.organizations[1] = nil
            state.fillFirst(&main, members: [ann, bob])
            state.organizations[1] = main
        }
        var second = GrafanaOrganization(id: state.nextID() + 40, name: "Lab / Ops")
        second.members = [ann: "Admin"]
        if let admin = state.user("admin") { second.members[admin.id] = "Admin" }
        state.fillSecond(&second)
        state.organizations[second.id] = second
        state.tokens[secondToken] = Token(organization: second.id, role: "Admin")
        return state
    }

    /// One organisation with many dashboards of realistic size, 8 to 24 KiB each, in twenty folders.
    package static func dashboards(_ count: Int, version: GrafanaVersion = .v11) -> GrafanaState {
        var state = empty(version: version)
        guard var main = state.organizations[1] else { return state }
        for number in 0..<20 {
            main.folders.append(.init(id: state.nextID(), uid: "folder\(number)", title: "Folder \(number)"))
        }
        for number in 0..<count {
            state.add(
                "dash\(number)", "Dashboard \(number)", in: number % 21 == 20 ? nil : "folder\(number % 21)",
                content: dashboard("Dashboard \(number)", panels: 4 + number % 9), to: &main)
        }
        state.organizations[1] = main
        return state
    }

    // MARK: Parts

    @discardableResult
    package mutating func add(
        login: String, name: String, password: String, isGrafanaAdmin: Bool = false
    ) -> Int {
        let id = nextID()
        let email = login.contains("@") ? login : "\(login)@example.org"
        users[id] = User(
            id: id, login: login, email: email, name: name, password: password, isGrafanaAdmin: isGrafanaAdmin)
        return id
    }

    package mutating func add(
        _ uid: String, _ title: String, in folder: String? = nil, content: JSONValue? = nil,
        to organization: inout GrafanaOrganization
    ) {
        var content = content ?? Self.dashboard(title, panels: 2)
        let id = nextID()
        content["id"] = JSONValue(id)
        content["uid"] = .string(uid)
        content["version"] = 3
        organization.dashboards[uid] = .init(
            id: id, uid: uid, title: title, folderUid: folder, version: 3, text: content.compact,
            tags: (content["tags"]?.array ?? []).compactMap(\.text))
    }

    /// Returns a dashboard like one from the editor.
    package static func dashboard(_ title: String, panels: Int, source: String = "P1") -> JSONValue {
        let list = (1...max(panels, 1)).map { number -> JSONValue in
            [
                "id": JSONValue(number), "type": "timeseries", "title": .string("Panel \(number) of \(title)"),
                "datasource": ["type": "prometheus", "uid": .string(source)],
                "gridPos": ["h": 8, "w": 12, "x": JSONValue(number % 2 * 12), "y": JSONValue(number / 2 * 8)],
                "fieldConfig": [
                    "defaults": [
                        "color": ["mode": "palette-classic"], "unit": "percentunit", "mappings": [],
                        "custom": [
                            "axisBorderShow": false, "axisCenteredZero": false, "axisLabel": "", "barAlignment": 0,
                            "axisPlacement": "auto", "drawStyle": "line", "fillOpacity": 10, "gradientMode": "none",
                            "hideFrom": ["legend": false, "tooltip": false, "viz": false], "lineWidth": 1,
                            "lineInterpolation": "linear", "pointSize": 5, "scaleDistribution": ["type": "linear"],
                            "showPoints": "never", "spanNulls": false, "stacking": ["group": "A", "mode": "none"],
                            "thresholdsStyle": ["mode": "off"],
                        ],
                        "thresholds": [
                            "mode": "absolute",
                            "steps": [
                                ["color": "green", "value": nil], ["color": "red", "value": .number("0.8")],
                            ],
                        ],
                    ],
                    "overrides": [],
                ],
                "options": [
                    "legend": ["calcs": ["mean", "lastNotNull"], "displayMode": "table", "placement": "bottom"],
                    "tooltip": ["mode": "multi", "sort": "desc"],
                ],
                "targets": .array(
                    ["A", "B"].map { reference in
                        [
                            "refId": .string(reference), "editorMode": "code", "range": true,
                            "expr": .string(
                                "sum by (instance, job) (rate(node_cpu_seconds_total{mode!=\"idle\", "
                                    + "job=~\"$job\", instance=~\"$instance\"}[$__rate_interval])) / \(number)"),
                            "legendFormat": "{{instance}} – {{job}}", "datasource": ["uid": .string(source)],
                        ]
                    }),
            ]
        }
        return [
            "title": .string(title), "tags": ["generated", "µ"], "timezone": "browser", "schemaVersion": 39,
            "editable": true, "graphTooltip": 1, "refresh": "30s", "time": ["from": "now-6h", "to": "now"],
            "annotations": ["list": []], "links": [], "panels": .array(list),
            "templating": [
                "list": [
                    [
                        "name": "job", "type": "query", "query": "label_values(up, job)", "refresh": 2,
                        "includeAll": true, "multi": true, "datasource": ["uid": .string(source)],
                    ]
                ]
            ],
        ]
    }

    static let defaultContactPoint: JSONValue = [
        "uid": "", "name": "grafana-default-email", "type": "email", "disableResolveMessage": false,
        "settings": ["addresses": "<example@email.com>"], "provenance": "",
    ]
}
