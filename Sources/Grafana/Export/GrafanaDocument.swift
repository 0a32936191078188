internal import Documents
internal import Platform

/// The forms of documents: the API's content without members that another server or the next save would change.
enum GrafanaDocument {
    /// - Parameters:
    ///   - content: the API's document.
    ///   - meta: the API's description of it.
    ///   - permissions: the result of ``permissions(_:)``.
    static func dashboard(
        _ content: JSONValue, meta: JSONValue, permissions: JSONValue, publicDashboard: JSONValue?
    ) -> JSONValue {
        var document: JSONValue = ["dashboard": content.removing(["id", "version"]), "permissions": permissions]
        if let folder = meta["folderUid"]?.text, !folder.isEmpty { document["folderUid"] = .string(folder) }
        if meta["provisioned"]?.bool == true { document["provisioned"] = true }
        if let publicDashboard {
            document["publicDashboard"] = picked(
                publicDashboard,
                ["uid", "accessToken", "isEnabled", "annotationsEnabled", "timeSelectionEnabled", "share"])
        }
        return document
    }

    /// A dashboard that only the newer interface shows (schema v2): `dashboard` is then the resource itself, which
    /// differs from a classic one by its `apiVersion`.
    static func resource(_ resource: JSONValue, permissions: JSONValue, publicDashboard: JSONValue?) -> JSONValue {
        let metadata = resource["metadata"] ?? [:]
        let annotations = metadata["annotations"]
        var content = picked(resource, ["apiVersion", "kind", "spec"])
        content["metadata"] = picked(metadata, ["name", "labels"])
        let meta: JSONValue = ["folderUid": annotations?["grafana.app/folder"] ?? ""]
        return dashboard(content, meta: meta, permissions: permissions, publicDashboard: publicDashboard)
    }

    /// Explicit permissions by name: numbers mean nothing on another server, and Grafana derives inherited ones.
    static func permissions(_ items: [JSONValue]) -> JSONValue {
        let explicit = items.filter { $0["inherited"]?.bool != true }.compactMap { item -> JSONValue? in
            guard let level = item["permission"], (level.integer ?? 0) > 0 else { return nil }
            if let role = item["role"]?.text, !role.isEmpty { return ["role": .string(role), "permission": level] }
            if let team = item["team"]?.text, !team.isEmpty { return ["team": .string(team), "permission": level] }
            if let user = item["userLogin"]?.text, !user.isEmpty {
                return ["user": .string(user), "permission": level]
            }
            return nil
        }
        return .array(explicit.sorted { $0.compact.lexicographicallyPrecedes($1.compact) })
    }

    static func dataSource(_ source: JSONValue) -> JSONValue {
        source.removing([
            "id", "orgId", "version", "typeLogoUrl", "typeName", "accessControl", "created", "updated",
        ])
    }

    static func libraryElement(_ element: JSONValue) -> JSONValue {
        var document = picked(element, ["uid", "name", "kind", "model"])
        let folder = element["folderUid"]?.text ?? element["meta"]?["folderUid"]?.text ?? ""
        if !folder.isEmpty, folder != "general" { document["folderUid"] = .string(folder) }
        return document
    }

    static func ruleGroup(_ group: JSONValue) -> JSONValue {
        var document = picked(group, ["title", "folderUid", "interval"])
        document["rules"] = .array(
            (group["rules"]?.array ?? []).map { $0.removing(["id", "updated", "orgID", "provenanceStatus"]) })
        return document
    }

    static func annotation(_ annotation: JSONValue) -> JSONValue {
        picked(
            annotation,
            ["id", "dashboardUID", "panelId", "time", "timeEnd", "text", "tags", "data", "login"])
    }

    static func playlist(_ playlist: JSONValue) -> JSONValue {
        var document = picked(playlist, ["uid", "name", "interval"])
        document["items"] = .array(
            (playlist["items"]?.array ?? []).map { picked($0, ["type", "value", "title"]) })
        return document
    }

    static func preferences(_ preferences: JSONValue) -> JSONValue {
        // The number of the home dashboard differs between servers; its uid does not.
        preferences.removing(["homeDashboardId"])
    }

    /// The settings that Grafana shows as "[REDACTED]": names of members, joined by dots.
    static func redacted(_ value: JSONValue, _ path: String = "") -> [String] {
        switch value {
        case .string("[REDACTED]"): [path]
        case .object(let members):
            members.sorted { $0.key < $1.key }.flatMap {
                redacted($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)")
            }
        case .array(let values):
            values.enumerated().flatMap { redacted($0.element, "\(path).\($0.offset)") }
        default: []
        }
    }

    static func picked(_ value: JSONValue, _ names: [String]) -> JSONValue {
        .object(Dictionary(names.compactMap { name in value[name].map { (name, $0) } }) { $1 })
    }

    /// The day of a time, in UTC: "2026-09-21".
    /// - Parameter milliseconds: since 1970.
    static func day(_ milliseconds: Int) -> String {
        UTCTime(seconds: Int(clamping: (Double(milliseconds) / 1000).rounded(.down))).date
    }
}
