internal import JSONText

/// The few things that checks read from a Grafana.
struct GrafanaReading {
    private let server: CheckedServer

    init(_ server: CheckedServer) { self.server = server }

    static func headers(_ organization: Int?) -> [(String, String)] {
        organization.map { [("X-Grafana-Org-Id", "\($0)")] } ?? []
    }

    /// An organisation: its number is each server's own, its name is what comes back.
    struct Organization {
        var id: Int
        var name: String
    }

    /// The organisations that the credentials can look into; one nil for those of a single organisation.
    func organizations() throws -> [Organization?] {
        let answer = try server.get("/api/orgs", [("perpage", "1000"), ("page", "0")])
        guard answer.status == 200, let list = (try? JSONValue(parsing: answer.body))?.array else { return [nil] }
        // A server's admin sees all organisations, and into those only that he belongs to.
        let all = list.compactMap { entry -> Organization? in
            guard let id = entry["id"]?.integer, let name = entry["name"]?.text else { return nil }
            return Organization(id: id, name: name)
        }
        let open = try all.sorted { $0.id < $1.id }.filter { organization in
            try server.get("/api/org", headers: Self.headers(organization.id)).status == 200
        }
        return open.isEmpty ? [nil] : open
    }

    /// The number of an organisation in this server.
    func number(of name: String) throws -> Int {
        guard let found = try organizations().compactMap({ $0 }).first(where: { $0.name == name }) else {
            throw CheckFailure(
                "no organisation", "there is no organisation '\(name)' that the credentials can look into")
        }
        return found.id
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
