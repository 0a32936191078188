package import Components
package import Documents
internal import Foundation
internal import Platform

/// The settings of a Grafana's canary: there are none.
package struct GrafanaCanarySettings: CanarySettings {
    package init() {}

    package static let keys: [Key<Self>] = []

    package func canary(in component: GrafanaComponent, _ context: ComponentContext) throws -> (any Canary)? {
        GrafanaCanary(server: CheckedServer(url: component.access.url, client: try context.client(component.access)))
    }
}

/// The canary in Grafana: the description of a small dashboard of its own, in a folder of its own.
struct GrafanaCanary: Canary {
    static let uid = "dr-canary"
    private static let folder = "dr"
    let server: CheckedServer

    func write(_ value: String) throws -> Int {
        // There already, most often: what matters is that the dashboard can be written.
        _ = try? server.write(
            "POST", "/api/folders", JSONValue.object(["uid": .string(Self.folder), "title": "dr"]).compact)
        let dashboard: JSONValue = [
            "uid": .string(Self.uid), "title": "dr canary", "description": .string(value), "tags": ["dr"],
            "panels": [], "schemaVersion": 38, "editable": false,
        ]
        let body: JSONValue = [
            "dashboard": dashboard, "folderUid": .string(Self.folder), "overwrite": true, "message": "dr canary",
        ]
        try server.write("POST", "/api/dashboards/db", body.compact)
        guard try values(around: 0).contains(value) else {
            throw CheckFailure("-", "the canary's dashboard does not show what was written")
        }
        return WallClock.system.milliseconds
    }

    func values(around time: Int) throws -> [String] {
        let dashboard = try GrafanaReading(server).dashboard(Self.uid, nil)
        return dashboard?.model["description"]?.text.map { [$0] } ?? []
    }
}
