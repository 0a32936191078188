internal import Documents
internal import Foundation
internal import Platform

/// The nonce in Grafana: the description of a small dashboard of its own, in a folder of its own.
package struct GrafanaSentinel: Sentinel {
    package static let uid = "dr-sentinel"
    private static let folder = "dr"
    package let component: String
    private let server: CheckedServer

    package init(component: String, server: CheckedServer) {
        self.component = component
        self.server = server
    }

    package func plant(_ nonce: String) throws -> Int {
        // There already, most often: what matters is that the dashboard can be written.
        _ = try? server.write(
            "POST", "/api/folders", JSONValue.object(["uid": .string(Self.folder), "title": "dr"]).compact)
        let dashboard: JSONValue = [
            "uid": .string(Self.uid), "title": "dr sentinel", "description": .string(nonce), "tags": ["dr"],
            "panels": [], "schemaVersion": 38, "editable": false,
        ]
        let body: JSONValue = [
            "dashboard": dashboard, "folderUid": .string(Self.folder), "overwrite": true, "message": "dr sentinel",
        ]
        try server.write("POST", "/api/dashboards/db", body.compact)
        guard try nonces(around: 0).contains(nonce) else {
            throw CheckFailure("-", "the sentinel's dashboard does not show what was written")
        }
        return Int(clamping: Date().timeIntervalSince1970 * 1000)
    }

    package func nonces(around time: Int) throws -> [String] {
        let dashboard = try GrafanaReading(server).dashboard(Self.uid, nil)
        return dashboard?.model["description"]?.text.map { [$0] } ?? []
    }
}
