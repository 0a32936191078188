internal import BackupRepository
internal import Documents
internal import FoundationEssentials
internal import Platform

extension OrganizationContent {
    private static let dataSourceFields = [
        "name", "type", "access", "url", "user", "database", "basicAuth", "basicAuthUser", "withCredentials",
        "isDefault", "jsonData",
    ]

    /// The default last, because setting that flag removes it from another.
    func importDataSources() async throws {
        let known = try await run.reading { try await presentDataSources() }
        let paths = try await documents("data-sources")
        var last: [String] = []
        for path in paths {
            if (try? await run.tree.document(path))?["isDefault"]?.bool == true {
                last.append(path)
            } else {
                try await importDataSource(path, known)
            }
        }
        for path in last { try await importDataSource(path, known) }
    }

    private func presentDataSources() async throws -> [String: String] {
        let list = try await read(["datasources"])?.array ?? []
        return Dictionary(list.map { ($0.text("name"), $0.text("uid")) }) { one, _ in one }
    }

    private func importDataSource(_ path: String, _ uids: [String: String]) async throws {
        try await run.settle("data source", document: path) {
            organization.naming($0.text("name"), uid: $0.text("uid"))
        } _: { document in
            try await planDataSource(document, uids)
        }
    }

    private func planDataSource(_ document: JSONValue, _ uids: [String: String]) async throws -> Plan {
        let uid = document.text("uid")
        let path = ["datasources", "uid", uid]
        let form = document.keeping(Self.dataSourceFields).merging(["uid": .string(uid)])
        let current = try await read(path)
        let present = Set((current?["secureJsonFields"]?.object ?? [:]).filter { $0.value.bool == true }.keys)
        let found = secrets(of: document, lacking: present)
        guard let current else {
            if let other = uids[document.text("name")], other != uid {
                throw Obstacle.conflict("its name belongs to the data source of uid '\(other)'")
            }
            var plan = Plan.create(found.details) {
                try await write(
                    "POST", ["datasources"],
                    body: found.values.isEmpty ? form : form.merging(["secureJsonData": .object(found.values)]))
                return []
            }
            if document["readOnly"]?.bool == true {
                plan.details.append("came from a provisioning file, and can be edited until one provides it")
            }
            plan.missingSecrets = found.missing
            return plan
        }
        guard current.text("type") == document.text("type") else {
            throw Obstacle.conflict(
                "its uid belongs to '\(current.text("name"))' of type '\(current.text("type"))'")
        }
        let isSame =
            Likeness.alike(form, current, members: Self.dataSourceFields) && found.values.isEmpty
        if isSame { return Plan(outcome: .same, details: found.details, missingSecrets: found.missing) }
        guard current["readOnly"]?.bool != true else {
            throw Obstacle(
                .conflict, "differs, and comes from a provisioning file: change it there", missingSecrets: found.missing
            )
        }
        guard current.text("name") == document.text("name") || run.request.replaces else {
            throw Obstacle.conflict(
                "its uid belongs to '\(current.text("name"))': --replace changes that one to the backup's")
        }
        var details = found.details
        let (old, new) = (current.text("url"), document.text("url"))
        if old != new { details.append("url: \(old.printable) -> \(new.printable)") }
        // Grafana sends the secrets that it has, and those of this restore, to the new address.
        let sendsSecrets = !present.isEmpty || !found.values.isEmpty
        guard ServerOrigin(old) == ServerOrigin(new) || !sendsSecrets || run.request.allowsSecretHosts else {
            details.append("its secrets would be sent to another server: --allow-secret-hosts permits that")
            throw Obstacle(.conflict, details.joined(separator: "; "), missingSecrets: found.missing)
        }
        var plan = Plan.update(details) {
            // Members that are not in secureJsonData keep their values.
            let change = form.merging(["secureJsonData": .object(found.values)])
            try await write("PUT", path, body: change)
            return []
        }
        plan.missingSecrets = found.missing
        return plan
    }

    private func secrets(
        of document: JSONValue, lacking present: Set<String>
    ) -> (values: [String: JSONValue], missing: [String], details: [String]) {
        var values: [String: JSONValue] = [:]
        var missing: [String] = []
        var details: [String] = []
        let fields = (document["secureJsonFields"]?.object ?? [:]).filter { $0.value.bool == true }.keys.sorted()
        for field in fields where !present.contains(field) {
            let name = "data-source/\(document.text("uid"))/\(field)"
            if let value = run.secrets.value(name, organization: organization.source) {
                values[field] = .string(value)
            } else {
                missing.append(name)
                if let obstacle = run.secrets.obstacle(name, organization: organization.source) {
                    details.append(obstacle)
                }
            }
        }
        return (values, missing, details)
    }
}

/// Scheme, host and port of a URL: the server that gets a data source's secrets.
private struct ServerOrigin: Equatable {
    private let scheme: String?
    private let host: String?
    private let port: Int?
    /// The whole text, if it does not name a host in the usual form.
    private let text: String?

    init(_ text: String) {
        let parts = URLComponents(string: text)
        scheme = parts?.scheme?.lowercased()
        host = parts?.host?.lowercased()
        port = parts?.port ?? ["http": 80, "https": 443][scheme ?? ""]
        self.text = host == nil ? text : nil
    }
}
