internal import Components
internal import Documents
internal import HTTP

/// Calls that checks, recorded queries and canaries share. They block: for a pool's thread.
extension GrafanaAPI {
    /// An organisation: each server numbers its organisations differently, and a restore keeps the name.
    struct Organization: Equatable, Sendable {
        var id: Int
        var name: String
    }

    /// The organisations that the credentials have access to; one nil for those of a single organisation.
    func organizations() throws -> [Organization?] {
        let all: [JSONValue]
        do {
            // This list is the only one whose pages count from 0.
            all = try list(["orgs"], ListShape(firstPage: 0)) { "\($0["id"]?.integer ?? 0)" }
        } catch let error as GrafanaAPIError where error.status != nil { return [nil] }
        // A server's admin sees all organisations, but has access only to those that the admin belongs to.
        let open = try all.compactMap { entry -> Organization? in
            guard let id = entry["id"]?.integer, let name = entry["name"]?.text else { return nil }
            let isOpen = try perform(GrafanaRequest("GET", ["org"], organization: id)).status == 200
            return isOpen ? Organization(id: id, name: name) : nil
        }
        return open.isEmpty ? [nil] : open.sorted { $0.id < $1.id }
    }

    /// The number of an organisation on this server.
    func number(of name: String) throws -> Int {
        guard let found = try organizations().compactMap({ $0 }).first(where: { $0.name == name }) else {
            throw CheckFailure(
                "no organisation", "there is no organisation '\(name)' that the credentials have access to")
        }
        return found.id
    }

    /// The uids of an organisation's dashboards.
    func dashboards(_ organization: Int?) throws -> [String] {
        let shape = ListShape(size: "limit")
        let found = try list(["search"], query: [("type", "dash-db")], organization: organization, shape) {
            $0["uid"]?.text ?? ""
        }
        return found.compactMap { $0["uid"]?.text }.sorted()
    }

    func dataSources(_ organization: Int?) throws -> [String] {
        let answer = try value(GrafanaRequest("GET", ["datasources"], organization: organization))
        guard let entries = answer.array else {
            throw CheckFailure("no list", "GET /api/datasources: the answer is not a list")
        }
        return entries.compactMap { $0["uid"]?.text }.sorted()
    }

    /// The uid of a data source in the server's complete document of it.
    func dataSource(_ uid: String, _ organization: Int?) throws -> String? {
        try value(GrafanaRequest("GET", ["datasources", "uid", uid], organization: organization))["uid"]?.text
    }

    /// A dashboard without the numbers that every server assigns.
    struct Dashboard {
        var uid: String
        var title: String
        /// The classic JSON; for schema v2 the resource's `spec`.
        var model: JSONValue
    }

    /// - Returns: nil if there is no dashboard of this uid.
    func dashboard(_ uid: String, _ organization: Int?) throws -> Dashboard? {
        let answer = try perform(GrafanaRequest("GET", ["dashboards", "uid", uid], organization: organization))
        if answer.status == 404 { return nil }
        if answer.status == 406, let segments = ResourceAddress.segments(in: answer.message ?? "", of: uid) {
            return try resource(segments, organization)
        }
        guard answer.status == 200, let model = answer.document?["dashboard"], model.object != nil else {
            throw answer.failure
        }
        return Dashboard(
            uid: model["uid"]?.text ?? "", title: model["title"]?.text ?? "",
            model: model.removing(["id", "version"]))
    }

    /// A dashboard of schema v2, of Grafana 12 and later.
    private func resource(_ segments: [String], _ organization: Int?) throws -> Dashboard? {
        var request = GrafanaRequest("GET", segments, organization: organization)
        request.isAppPlatform = true
        let answer = try perform(request)
        if answer.status == 404 { return nil }
        guard answer.status == 200, let json = answer.document, let spec = json["spec"], spec.object != nil else {
            throw answer.failure
        }
        // All other members belong to the server: numbers, times, the versions of the interface that it offers.
        return Dashboard(
            uid: json["metadata"]?["name"]?.text ?? "", title: spec["title"]?.text ?? "", model: spec)
    }

    /// Sends a document that may be sent twice.
    func write(_ method: String, _ segments: [String], body: JSONValue? = nil) throws {
        let answer = try perform(GrafanaRequest(method, segments, body: body, isIdempotent: true))
        guard answer.isSuccess else { throw answer.failure }
    }
}
