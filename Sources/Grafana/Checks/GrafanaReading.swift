internal import Components
internal import Documents
internal import Foundation

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
        for page in 1...1000 {
            let query = [("type", "dash-db"), ("limit", "1000"), ("page", "\(page)")]
            let answer = try server.json("/api/search", query, headers: Self.headers(organization))
            guard let entries = answer.array else {
                throw CheckFailure("no list", "GET /api/search: the answer is not a list")
            }
            let before = uids.count
            uids.formUnion(entries.compactMap { $0["uid"]?.text })
            // A server may cut pages shorter than asked for, and one that does not know pages gives the first again.
            if uids.count == before || entries.count < Self.shortPage { break }
        }
        return uids.sorted()
    }

    func dataSources(_ organization: Int?) throws -> [String] {
        let answer = try server.json("/api/datasources", headers: Self.headers(organization))
        guard let entries = answer.array else {
            throw CheckFailure("no list", "GET /api/datasources: the answer is not a list")
        }
        return entries.compactMap { $0["uid"]?.text }.sorted()
    }

    /// No server is known to cut pages shorter than this: a page with fewer items is the last one.
    private static let shortPage = 100

    /// A dashboard without what every server numbers for itself.
    struct Dashboard {
        var uid: String
        var title: String
        /// The classic JSON; of schema v2 the resource's `spec`.
        var model: JSONValue
    }

    /// - Returns: nil where there is none of this uid.
    func dashboard(_ uid: String, _ organization: Int?) throws -> Dashboard? {
        let path = "/api/dashboards/uid/" + CheckedServer.encoded(uid)
        let answer = try server.get(path, headers: Self.headers(organization))
        if answer.status == 404 { return nil }
        let json = try? JSONValue(parsing: answer.body)
        if answer.status == 406, let place = Self.place(in: json?["message"]?.text ?? "", of: uid) {
            return try resource(place, uid, organization)
        }
        guard answer.status == 200, let model = json?["dashboard"], model.object != nil else {
            throw CheckFailure("HTTP \(answer.status)", "GET \(path): HTTP \(answer.status): \(answer.excerpt)")
        }
        return Dashboard(
            uid: model["uid"]?.text ?? "", title: model["title"]?.text ?? "",
            model: model.removing(["id", "version"]))
    }

    // MARK: Schema v2, of Grafana 12 and later

    private func resource(_ path: String, _ uid: String, _ organization: Int?) throws -> Dashboard? {
        let answer = try server.get(path, headers: Self.headers(organization))
        if answer.status == 404 { return nil }
        guard answer.status == 200, let json = try? JSONValue(parsing: answer.body), let spec = json["spec"],
            spec.object != nil
        else {
            throw CheckFailure("HTTP \(answer.status)", "GET \(path): HTTP \(answer.status): \(answer.excerpt)")
        }
        // Everything else is the server's own: numbers, times, the versions of the interface that it offers.
        return Dashboard(
            uid: json["metadata"]?["name"]?.text ?? "", title: spec["title"]?.text ?? "", model: spec)
    }

    /// The address in a refusal of status 406: "… use /apis/dashboard.grafana.app/v2/namespaces/default/dashboards/x
    /// instead". Nil where it has none, or that of another object.
    static func place(in message: String, of uid: String) -> String? {
        guard let start = message.range(of: "/apis/dashboard.grafana.app/")?.lowerBound else { return nil }
        let path = String(message[start...].prefix { !$0.isWhitespace && !"\"'`,;?".contains($0) })
        let parts = path.split(separator: "/")
        guard parts.count == 7, parts[3] == "namespaces", parts[5] == "dashboards",
            [uid, CheckedServer.encoded(uid)].contains(String(parts[6]))
        else { return nil }
        return path
    }
}
