package import Components
package import Documents
internal import FoundationEssentials
internal import Platform

/// The settings of a Grafana's canary. It has none.
package struct GrafanaCanarySettings: CanarySettings {
    package init() {}

    package static let keys: [Key<Self>] = []

    package func canary(in component: GrafanaComponent, _ context: ComponentContext) throws -> (any Canary)? {
        GrafanaCanary(api: try component.askedAPI(context))
    }
}

/// The canary in Grafana: the description of a small, separate dashboard in a separate folder.
struct GrafanaCanary: Canary {
    static let uid = "dr-canary"
    private static let folder = "dr"
    let api: GrafanaAPI

    func write(_ value: String) throws -> Int {
        // The folder usually exists already; the write of the dashboard shows if it works.
        try? api.write("POST", ["folders"], body: ["uid": .string(Self.folder), "title": "dr"])
        let dashboard: JSONValue = [
            "uid": .string(Self.uid), "title": "dr canary", "description": .string(value), "tags": ["dr"],
            "panels": [], "schemaVersion": 38, "editable": false,
        ]
        let body: JSONValue = [
            "dashboard": dashboard, "folderUid": .string(Self.folder), "overwrite": true, "message": "dr canary",
        ]
        try api.write("POST", ["dashboards", "db"], body: body)
        guard try values(around: 0).contains(value) else {
            throw CheckFailure("-", "the canary's dashboard does not show the written value")
        }
        return WallClock.system.milliseconds
    }

    func values(around time: Int) throws -> [String] {
        let dashboard = try api.dashboard(Self.uid, nil)
        return dashboard?.model["description"]?.text.map { [$0] } ?? []
    }
}
