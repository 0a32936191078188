internal import JSONText

/// The few things that checks read from a Grafana.
struct GrafanaReading {
    private let server: CheckedServer

    init(_ server: CheckedServer) { self.server = server }

    static func headers(_ organization: Int?) -> [(String, String)] {
        organization.map { [("X-Grafana-Org-Id", "\($0)")] } ?? []
    }

    /// The organisations that the credentials can look into; one nil for those of a single organisation.
    func organizations() throws -> [Int?] {
        let answer = try server.get("/api/orgs", [("perpage", "1000"), ("page", "0")])
        guard answer.status == 200, let list = (try? JSONValue(parsing: answer.body))?.array else { return [nil] }
        // A server's admin sees all organisations, and into those only that he belongs to.
        let ids = try list.compactMap { $0["id"]?.integer }.sorted().filter { organization in
            try server.get("/api/org", headers: Self.headers(organization)).status == 200
        }
        return ids.isEmpty ? [nil] : ids
    }

    func dashboards(_ organization: Int?) throws -> [String] {
        var uids: Set<String> = []
        let size = 1000
        for page in 1...100 {
            let query = [("type", "dash-db"), ("limit", "\(size)"), ("page", "\(page)")]
            let answer = try server.json("/api/search", query, headers: Self.headers(organization))
            let entries = (answer.array ?? []).compactMap { $0["uid"]?.text }
            uids.formUnion(entries)
            if entries.count < size { break }
        }
        return uids.sorted()
    }

    func dataSources(_ organization: Int?) throws -> [String] {
        let answer = try server.json("/api/datasources", headers: Self.headers(organization))
        return (answer.array ?? []).compactMap { $0["uid"]?.text }.sorted()
    }

    /// A dashboard without what every server numbers for itself.
    func dashboard(_ uid: String, _ organization: Int?) throws -> JSONValue? {
        let path = "/api/dashboards/uid/" + CheckedServer.encoded(uid)
        let answer = try server.get(path, headers: Self.headers(organization))
        if answer.status == 404 { return nil }
        guard answer.status == 200, let json = try? JSONValue(parsing: answer.body), let model = json["dashboard"]
        else {
            throw CheckFailure("HTTP \(answer.status)", "GET \(path): HTTP \(answer.status): \(answer.excerpt)")
        }
        return model.removing(["id", "version"])
    }
}
