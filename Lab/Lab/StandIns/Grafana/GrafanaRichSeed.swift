internal import Documents

/// The contents of ``GrafanaState/rich(version:firstID:)``.
extension GrafanaState {
    mutating func fillFirst(_ organization: inout GrafanaOrganization, members: [Int]) {
        var operators = GrafanaOrganization.Team(
            id: nextID(), uid: nextUID(), name: "Operators / on call", email: "ops@example.org")
        operators.members = [members[0]: 4, members[1]: 0]
        operators.preferences = ["theme": "dark", "timezone": "utc"]
        organization.teams = [
            operators, .init(id: nextID(), uid: nextUID(), name: "Empty", email: ""),
        ]
        organization.serviceAccounts = [
            .init(
                id: nextID(), login: "sa-1-backup", name: "backup", role: "Admin",
                tokens: [
                    [
                        "id": JSONValue(nextID()), "name": "nightly", "created": "2026-01-01T00:00:00Z",
                        "expiration": "2027-01-01T00:00:00Z", "hasExpired": false, "secondsUntilExpiration": 1,
                        "isRevoked": false,
                    ]
                ]),
            .init(id: nextID(), login: "sa-1-old", name: "old", role: "Viewer", isDisabled: true),
        ]
        addFolders(to: &organization, team: operators.id, user: members[0])
        addSources(to: &organization)
        addDashboards(to: &organization, team: operators.id)
        addAlerting(to: &organization)
        addTheRest(to: &organization)
    }

    private mutating func addFolders(to organization: inout GrafanaOrganization, team: Int, user: Int) {
        let nested = version.hasNestedFolders
        let all: [(uid: String, title: String, parent: String?)] = [
            ("ops", "Operations", nil), ("ops-linux", "Linux", "ops"),
            ("ops-linux-disks", "Disks / SMART", "ops-linux"),
            // Folders with the same title: below different parents, and with the same parent if titles need not be
            // unique.
            ("net", "Network", nil), ("net-linux", nested ? "Linux" : "Linux (network)", "net"),
            ("ops-twin", nested ? "Operations" : "Operations 2", nil),
        ]
        for (uid, title, parent) in all {
            var folder = GrafanaOrganization.Folder(
                id: nextID(), uid: uid, title: title, parentUid: nested ? parent : nil)
            if folder.parentUid == nil { folder.permissions = [.init(role: "Viewer", 1), .init(role: "Editor", 2)] }
            organization.folders.append(folder)
        }
        organization.folders[0].description = "Everything that runs"
        organization.folders[0].permissions = [
            .init(role: "Viewer", 1), .init(team: team, 2), .init(user: user, 4),
        ]
    }

    private mutating func addSources(to organization: inout GrafanaOrganization) {
        organization.dataSources = [
            .init(
                content: [
                    "id": JSONValue(nextID()), "uid": "P1", "name": "Prometheus", "type": "prometheus",
                    "access": "proxy", "url": "http://prometheus:9090", "basicAuth": true, "basicAuthUser": "grafana",
                    "isDefault": true, "version": 4, "readOnly": false,
                    "jsonData": ["httpMethod": "POST", "timeInterval": "15s", "limit": .number("1e3")],
                ], secrets: ["basicAuthPassword": "p1-password", "httpHeaderValue1": "p1-header"]),
            .init(
                content: [
                    "id": JSONValue(nextID()), "uid": "loki-1", "name": "Loki", "type": "loki", "access": "proxy",
                    "url": "http://loki:3100", "version": 1, "readOnly": false, "jsonData": ["maxLines": 5000],
                ]),
            .init(
                content: [
                    "id": JSONValue(nextID()), "uid": "provisioned", "name": "From files", "type": "prometheus",
                    "access": "proxy", "url": "http://other:9090", "version": 9, "readOnly": true, "jsonData": [:],
                ]),
        ]
        organization.correlations = [
            [
                "uid": .string(nextUID()), "orgId": 1, "sourceUID": "loki-1", "targetUID": "P1", "label": "To metrics",
                "description": "", "type": "query", "provisioned": false,
                "config": ["field": "traceID", "target": ["expr": "up"], "type": "query"],
            ]
        ]
    }

    private mutating func addDashboards(to organization: inout GrafanaOrganization, team: Int) {
        let nested = version.hasNestedFolders
        var nodes = Self.dashboard("Nodes", panels: 3)
        nodes["panels"] = .array(
            (nodes["panels"]?.array ?? []) + [
                [
                    "id": 99, "type": "timeseries", "title": "Shared",
                    "libraryPanel": ["uid": "lib-cpu", "name": "CPU"],
                ]
            ])
        // Numbers that a parser with floating point would change.
        nodes["weekStart"] = .number("1e21")
        nodes["iteration"] = .number("9007199254740993")
        add("rYdddlPWk", "Nodes", in: "ops", content: nodes, to: &organization)
        add("disks", "Disks", in: "ops-linux-disks", to: &organization)
        add("linux-net", "Linux", in: "net-linux", to: &organization)
        add("home", "Home", to: &organization)
        add("twin-a", nested ? "Twins" : "Twin A", in: "ops-twin", to: &organization)
        add("twin-b", nested ? "Twins" : "Twin B", in: "ops", to: &organization)
        organization.dashboards["rYdddlPWk"]?.permissions = [.init(team: team, 2), .init(role: "Viewer", 1)]
        organization.dashboards["home"]?.permissions = [.init(role: "Viewer", 1), .init(role: "Editor", 2)]
        if version >= .v10 {
            organization.dashboards["home"]?.publicDashboard = [
                "uid": "pub-home", "accessToken": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "isEnabled": true,
                "annotationsEnabled": false, "timeSelectionEnabled": true, "share": "public", "dashboardUid": "home",
                "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
            ]
        }
        if version >= .v12 {
            let spec: JSONValue = [
                "title": "Dynamic", "tags": [], "layout": ["kind": "GridLayout", "spec": ["items": []]],
                "elements": ["panel-1": ["kind": "Panel", "spec": ["id": 1, "title": "One"]]], "variables": [],
            ]
            organization.dashboards["dynamic"] = .init(
                id: nextID(), uid: "dynamic", title: "Dynamic", folderUid: "ops", version: 2, text: spec.compact,
                schema: version >= .v13 ? "v2beta1" : "v2alpha1")
        }
        organization.libraryElements = [
            [
                "id": JSONValue(nextID()), "uid": "lib-cpu", "name": "CPU", "kind": 1, "folderUid": "ops", "version": 2,
                "model": ["type": "timeseries", "title": "CPU", "description": "Busy", "targets": []],
            ],
            [
                "id": JSONValue(nextID()), "uid": "lib-root", "name": "Root", "kind": 1, "folderUid": "", "version": 1,
                "model": ["type": "stat", "title": "Root"],
            ],
        ]
    }

    private mutating func addAlerting(to organization: inout GrafanaOrganization) {
        func rule(_ uid: String, _ title: String, _ group: String, _ folder: String, _ provenance: String) -> JSONValue
        {
            [
                "id": JSONValue(nextID()), "uid": .string(uid), "orgID": 1, "folderUID": .string(folder),
                "ruleGroup": .string(group), "title": .string(title), "condition": "C", "for": "5m",
                "noDataState": "NoData", "execErrState": "Error", "isPaused": false, "labels": ["severity": "page"],
                "annotations": ["summary": "It is down"], "updated": "2026-01-01T00:00:00Z",
                "provenance": .string(provenance),
                "data": [
                    [
                        "refId": "A", "queryType": "", "datasourceUid": "P1",
                        "relativeTimeRange": ["from": 600, "to": 0], "model": ["expr": "up == 0", "refId": "A"],
                    ],
                    [
                        "refId": "C", "queryType": "", "datasourceUid": "__expr__",
                        "relativeTimeRange": ["from": 0, "to": 0],
                        "model": ["type": "threshold", "expression": "A", "refId": "C"],
                    ],
                ],
            ]
        }
        organization.rules = [
            rule("r1", "Down", "hosts / all", "ops", ""), rule("r2", "Slow", "hosts / all", "ops", ""),
            rule("r3", "Full", "disks", "ops-linux-disks", "api"),
        ]
        organization.intervals = ["ops/hosts / all": 60, "ops-linux-disks/disks": 300]
        organization.contactPoints += [
            [
                "uid": "cp-slack", "name": "Operators", "type": "slack", "disableResolveMessage": false,
                "provenance": "",
                "settings": ["url": "https://hooks.example.org/secret", "recipient": "#ops", "title": "{{ .Title }}"],
            ],
            [
                "uid": "cp-hook", "name": "Operators", "type": "webhook", "disableResolveMessage": true,
                "provenance": "",
                "settings": [
                    "url": "http://hook:8080", "username": "dr", "password": "hook-password",
                    "http_config": ["oauth2": ["client_id": "dr", "client_secret": "oauth-secret"]],
                ],
            ],
            [
                "uid": "cp-mail", "name": "Mail", "type": "email", "disableResolveMessage": false, "provenance": "api",
                "settings": ["addresses": "ops@example.org;second@example.org"],
            ],
        ]
        organization.muteTimings = [
            [
                "name": "Weekends", "version": "1a2b3c", "provenance": "",
                "time_intervals": [["weekdays": ["saturday", "sunday"]]],
            ]
        ]
        organization.templates = [
            [
                "name": "ops.title", "version": "4d5e6f", "provenance": "",
                "template": "{{ define \"ops.title\" }}{{ .CommonLabels.alertname }}{{ end }}",
            ]
        ]
        organization.policies = [
            "receiver": "grafana-default-email", "group_by": ["grafana_folder", "alertname"], "provenance": "",
            "routes": [
                [
                    "receiver": "Operators", "object_matchers": [["severity", "=", "page"]], "group_wait": "30s",
                    "mute_time_intervals": ["Weekends"], "continue": true,
                ],
                ["receiver": "Mail", "object_matchers": [["severity", "=~", "info|warning"]]],
            ],
        ]
    }

    private mutating func addTheRest(to organization: inout GrafanaOrganization) {
        let start = 1_790_000_000_000  // in September 2026
        for number in 0..<230 {
            let time = start + number * 60_000
            organization.annotations.append(
                annotation(number, time: time, end: number % 10 == 0 ? time + 3_600_000 : time))
        }
        organization.playlists = [
            [
                "id": JSONValue(nextID()), "uid": "tour", "name": "Tour", "interval": "5m",
                "items": [
                    ["type": "dashboard_by_uid", "value": "home", "title": "Home"],
                    ["type": "dashboard_by_tag", "value": "generated", "title": "generated"],
                ],
            ]
        ]
        organization.preferences = [
            "theme": "light", "timezone": "utc", "weekStart": "monday", "homeDashboardUID": "home",
        ]
    }

    private mutating func annotation(_ number: Int, time: Int, end: Int) -> JSONValue {
        [
            "id": JSONValue(nextID()), "alertId": 0, "alertName": "", "dashboardId": 0,
            "dashboardUID": number % 2 == 0 ? "home" : "", "panelId": number % 2 == 0 ? 1 : 0, "userId": 1,
            "login": "admin", "email": "admin@example.org", "avatarUrl": "/avatar/0", "newState": "", "prevState": "",
            "time": JSONValue(time), "timeEnd": JSONValue(end), "text": .string("Deployed build \(number)"),
            "tags": ["deploy"], "data": [:], "created": JSONValue(time), "updated": JSONValue(time),
        ]
    }

    mutating func fillSecond(_ organization: inout GrafanaOrganization) {
        organization.folders = [
            // Another organisation may reuse the uids of the first one.
            .init(id: nextID(), uid: "ops", title: "Operations", permissions: [.init(role: "Editor", 2)])
        ]
        organization.dataSources = [
            .init(
                content: [
                    "id": JSONValue(nextID()), "uid": "P1", "name": "Prometheus", "type": "prometheus",
                    "access": "proxy", "url": "http://lab:9090", "isDefault": true, "version": 1, "readOnly": false,
                    "jsonData": [:],
                ], secrets: ["password": "lab-password"])
        ]
        add("home", "Lab", in: "ops", to: &organization)
        organization.contactPoints = [Self.defaultContactPoint]
        organization.address["city"] = "Bern"
    }
}
