internal import Documents
internal import HTTP

/// Dashboards of schema 2, which Grafana 12 and later keep as resources: `{apiVersion, kind, metadata, spec}`.
extension OrganizationContent {
    static func isResource(_ dashboard: JSONValue) -> Bool {
        dashboard["spec"]?.object != nil && dashboard["apiVersion"]?.text != nil
    }

    private var namespace: String { target == 1 ? "default" : "org-\(target ?? 0)" }

    /// Reads one at the address that the older interface gives.
    /// - Parameter refusal: status 406: "… use /apis/dashboard.grafana.app/v2/namespaces/default/dashboards/x instead".
    func presentResource(_ uid: String, _ refusal: GrafanaAPIError) async throws -> PresentDashboard? {
        guard let place = ResourceAddress.segments(in: refusal.detail, of: uid) else { throw refusal }
        guard let resource = try await server.read(place, organization: target, isAppPlatform: true) else { return nil }
        let metadata = resource["metadata"] ?? .null
        return PresentDashboard(
            dashboard: resource, folder: metadata["annotations"]?.text("grafana.app/folder") ?? "",
            isProvisioned: metadata["annotations"]?["grafana.app/managedBy"] != nil)
    }

    func saveResource(_ dashboard: JSONValue, in folder: String, over current: PresentDashboard?) async throws {
        if let major = run.access.majorVersion, major < 12 {
            throw Obstacle.failed("is of schema 2, which needs Grafana 12 or later; this one is \(run.access.version)")
        }
        let uid = dashboard["metadata"]?["name"] ?? ""
        var metadata: JSONValue = ["name": uid, "namespace": .string(namespace)]
        if let labels = dashboard["metadata"]?["labels"] { metadata["labels"] = labels }
        if !folder.isEmpty { metadata["annotations"] = ["grafana.app/folder": .string(folder)] }
        // The server refuses if it has changed since the read.
        if let version = current?.dashboard["metadata"]?["resourceVersion"] { metadata["resourceVersion"] = version }
        let form: JSONValue = [
            "apiVersion": dashboard["apiVersion"] ?? "", "kind": dashboard["kind"] ?? "Dashboard",
            "metadata": metadata, "spec": dashboard["spec"] ?? [:],
        ]
        let group = dashboard.text("apiVersion").split(separator: "/").map { String($0) }
        var place = ["apis"] + group + ["namespaces", namespace, "dashboards"]
        if current != nil { place.append(uid.text ?? "") }
        try await server.write(
            current == nil ? "POST" : "PUT", place, body: form, organization: target, isAppPlatform: true)
    }
}
