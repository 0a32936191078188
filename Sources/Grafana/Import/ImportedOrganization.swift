internal import BackupRepository
internal import Documents

/// An organisation of the backup, and its counterpart in the target.
struct ImportedOrganization: Sendable {
    /// Its id in the backup.
    let source: Int
    let name: String
    /// Its id in the target; nil in a dry run that would create it.
    let target: Int?
    /// True if this import created it.
    let isNew: Bool
    /// The folder of its documents: "organizations/1".
    let folder: String

    /// "'Nodes' (uid rYdddlPWk), organisation 'Main Org.'".
    func naming(_ title: String, uid: String? = nil) -> String {
        let identity = uid.map { " (uid \($0))" } ?? ""
        return "'\(title)'\(identity), organisation '\(name)'"
    }
}

/// The import's own membership in an organisation before the import.
struct Visit: Sendable {
    /// Nil for a token, which is never a member.
    var login: String?
    /// Nil if the user was not a member.
    var role: String?
}

extension ImportRun {
    /// Creates the missing organisations of the backup, and finds the others.
    func importOrganizations() async throws -> [ImportedOrganization] {
        let present = try await reading { try await presentOrganizations() }
        var organizations: [ImportedOrganization] = []
        let folders = try await tree.entries(of: "organizations")
        for folder in folders.sorted(by: Self.byNumber) {
            guard let document = try await document("organization", "\(folder)/organization.json"),
                let source = document["id"]?.integer
            else { continue }
            let name = document.text("name")
            var target: Int?
            let found = present[name] ?? (folders.count == 1 ? access.organization?.id : nil)
            let isThere = try await settle("organization", named: "'\(name)'") {
                try await plan(document, named: name, found: found) { target = $0 }
            }
            guard isThere else { continue }
            organizations.append(
                ImportedOrganization(
                    source: source, name: name, target: target ?? found, isNew: found == nil, folder: folder))
        }
        return organizations
    }

    private func plan(
        _ document: JSONValue, named name: String, found: Int?, created: @escaping (Int) -> Void
    ) async throws -> Plan {
        let address = document["address"] ?? .null
        guard let id = try await found == nil ? lookUp(name) : found else {
            guard access.isServerAdmin else {
                throw Obstacle.failed(
                    "not reachable with these credentials, which belong to organisation '\(access.organization?.name ?? "")': "
                        + "needs \(ImportAccess.role)")
            }
            return .create {
                let answer = try await server.write("POST", ["orgs"], body: ["name": .string(name)])
                guard let id = answer["orgId"]?.integer else { throw Obstacle.failed("Grafana did not return its id") }
                created(id)
                if !Likeness.isZero(address), !Self.isBlank(address) {
                    try await server.write("PUT", ["orgs", "\(id)", "address"], body: address)
                }
                return []
            }
        }
        created(id)
        guard access.isServerAdmin, let current = try await server.read(["orgs", "\(id)"]) else { return .same }
        let fields = ["address1", "address2", "city", "zipCode", "state", "country"]
        if Likeness.alike(address, current["address"] ?? .null, members: fields) { return .same }
        return .update(["address"]) {
            try await server.write("PUT", ["orgs", "\(id)", "address"], body: address)
            return []
        }
    }

    /// After a lost answer the organisation may exist.
    private func lookUp(_ name: String) async throws -> Int? {
        guard access.isServerAdmin else { return nil }
        return try await server.read(["orgs", "name", name])?["id"]?.integer
    }

    private func presentOrganizations() async throws -> [String: Int] {
        if let own = access.organization { return [own.name: own.id] }
        let list = try await server.list(["orgs"], GrafanaAPI.ListShape(firstPage: 0))
        return Dictionary(list.compactMap { entry in entry["id"]?.integer.map { (entry.text("name"), $0) } }) {
            one, _ in
            one
        }
    }

    /// Makes sure that the credentials have access to an organisation.
    /// - Returns: nil, and a report, if they do not.
    func enter(_ organization: ImportedOrganization) async throws -> Visit? {
        guard access.isServerAdmin, let login = access.login else { return Visit(login: nil, role: nil) }
        guard let target = organization.target else { return Visit(login: login, role: nil) }
        let members = try await reading { try await server.read(["orgs", "\(target)", "users"]) }?.array ?? []
        let own = members.first { $0.text("login") == login }
        let visit = Visit(login: login, role: organization.isNew ? nil : own?.text("role"))
        if own?.text("role") == "Admin" { return visit }
        if isDryRun {
            report(
                ImportedObject(
                    "membership", organization.naming(login), outcome: .failed,
                    detail: "the organisation's objects cannot be compared, because '\(login)' is not an Admin in it; "
                        + "an import makes it one while it runs"))
            return nil
        }
        _ = try await reading {
            if let id = own?["userId"]?.integer {
                try await server.write("PATCH", ["orgs", "\(target)", "users", "\(id)"], body: ["role": "Admin"])
            } else {
                try await server.write(
                    "POST", ["orgs", "\(target)", "users"], body: ["loginOrEmail": .string(login), "role": "Admin"])
            }
        }
        return visit
    }

    private static func byNumber(_ first: String, _ second: String) -> Bool {
        func number(_ path: String) -> Int { Int(path.split(separator: "/").last ?? "") ?? Int.max }
        return (number(first), first) < (number(second), second)
    }

    private static func isBlank(_ address: JSONValue) -> Bool {
        address.object?.values.allSatisfy { Likeness.isZero($0) } ?? true
    }
}
