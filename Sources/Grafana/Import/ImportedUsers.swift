internal import BackupRepository
internal import Documents

/// The identity in the target of a name in the backup: a user, team or service account, which has another number there.
enum Identity: Equatable, Sendable {
    case present(Int)
    /// This dry run would create it.
    case planned
    /// It does not exist, for a reason that was reported.
    case absent
}

extension ImportRun {
    /// Creates the missing users and updates the others.
    /// - Returns: the users of the target and the backup, by login.
    func importUsers(into organizations: [ImportedOrganization]) async throws -> [String: Identity] {
        let documents = try await tree.documents(in: "users")
        guard access.isServerAdmin else { return try await membersInstead(of: documents) }
        let list = try await reading {
            try await server.list(["users", "search"], GrafanaAPI.ListShape(["users"]))
        }
        var users: [String: Identity] = [:]
        var logins: [String: String] = [:]  // by e-mail address
        for user in list {
            guard let id = user["id"]?.integer else { continue }
            users[user.text("login")] = .present(id)
            if !user.text("email").isEmpty { logins[user.text("email").lowercased()] = user.text("login") }
        }
        let homes = try await firstOrganizations(organizations)
        for path in documents {
            var made: Int?
            guard let document = try await document("user", path) else { continue }
            let login = document.text("login")
            let isThere = try await settle("user", named: "'\(login)'") {
                if case .present(let id) = users[login] ?? .absent {
                    return try await planUpdate(of: id, document)
                }
                if let id = made { return try await planUpdate(of: id, document) }
                if let other = logins[document.text("email").lowercased()], other != login {
                    throw Obstacle.conflict("its e-mail address belongs to user '\(other)'")
                }
                return try await planCreation(of: document, home: homes[login]) { made = $0 }
            }
            if users[login] == nil {
                users[login] = made.map { .present($0) } ?? (isThere && isDryRun ? .planned : .absent)
            }
        }
        return users
    }

    private func planCreation(
        of document: JSONValue, home: ImportedOrganization?, made: @escaping (Int) -> Void
    ) async throws -> Plan {
        let login = document.text("login")
        // A lost answer may have been a success.
        if let id = try await server.read(["users", "lookup"], query: [("loginOrEmail", login)])?["id"]?.integer {
            made(id)
            return try await planUpdate(of: id, document)
        }
        if document["isExternal"]?.bool == true {
            let labels = document["authLabels"]?.array?.compactMap(\.text).joined(separator: ", ") ?? ""
            return .skipped(
                "signs in through \(labels.isEmpty ? "another system" : labels), which creates the user at the first login"
            )
        }
        let given = secrets.value("user/\(login)/password")
        let advice =
            given == nil
            ? [
                "has a random password now: set one in Grafana, let the user reset it, or give 'user/\(login)/password' under secrets: beforehand"
            ]
            : []
        return .create(advice) {
            var form: JSONValue = [
                "login": .string(login), "name": .string(document.text("name")),
                "email": .string(document.text("email")), "password": .string(given ?? Self.randomPassword()),
            ]
            // Grafana puts a new user into an organisation of its choice, unless the request names one.
            if let id = home?.target { form["OrgId"] = JSONValue(id) }
            guard let id = try await server.write("POST", ["admin", "users"], body: form)["id"]?.integer else {
                throw Obstacle.failed("Grafana did not return its id")
            }
            made(id)
            if document["isGrafanaAdmin"]?.bool == true {
                try await server.write(
                    "PUT", ["admin", "users", "\(id)", "permissions"], body: ["isGrafanaAdmin": true])
            }
            if document["isDisabled"]?.bool == true {
                try await server.write("POST", ["admin", "users", "\(id)", "disable"])
            }
            return []
        }
    }

    private func planUpdate(of id: Int, _ document: JSONValue) async throws -> Plan {
        guard let current = try await server.read(["users", "\(id)"]) else {
            throw Obstacle.failed("it was deleted meanwhile")
        }
        if current["isExternal"]?.bool == true { return .same }  // kept up to date from where it comes from
        let profile = ["login", "name", "email"]
        let isProfileSame = Likeness.alike(document, current, members: profile)
        let isAdmin = document["isGrafanaAdmin"]?.bool == true
        let isDisabled = document["isDisabled"]?.bool == true
        let isAdminSame = (current["isGrafanaAdmin"]?.bool == true) == isAdmin
        let isDisabledSame = (current["isDisabled"]?.bool == true) == isDisabled
        if isProfileSame, isAdminSame, isDisabledSame { return .same }
        if document.text("login") == access.login, !isAdminSame || !isDisabledSame {
            throw Obstacle.conflict("dr works as this user: its permissions are not changed")
        }
        let changes = [(isProfileSame, "name or address"), (isAdminSame, "server admin"), (isDisabledSame, "disabled")]
        return .update(changes.filter { !$0.0 }.map(\.1)) {
            if !isProfileSame {
                let theme = JSONValue.string(current.text("theme"))
                try await server.write(
                    "PUT", ["users", "\(id)"], body: document.keeping(profile).merging(["theme": theme]))
            }
            if !isAdminSame {
                try await server.write(
                    "PUT", ["admin", "users", "\(id)", "permissions"], body: ["isGrafanaAdmin": .bool(isAdmin)])
            }
            if !isDisabledSame {
                try await server.write("POST", ["admin", "users", "\(id)", isDisabled ? "disable" : "enable"])
            }
            return []
        }
    }

    /// The members of one organisation, for an Admin who sees no other users.
    private func membersInstead(of documents: [String]) async throws -> [String: Identity] {
        let list = try await reading { try await server.read(["org", "users"]) }?.array ?? []
        var users: [String: Identity] = [:]
        for member in list {
            if let id = member["userId"]?.integer { users[member.text("login")] = .present(id) }
        }
        for path in documents {
            guard let document = try await document("user", path) else { continue }
            let login = document.text("login")
            try await settle("user", named: "'\(login)'") {
                guard users[login] == nil else { return .same }
                throw Obstacle.failed(
                    "cannot be created with these credentials: needs a server admin's user and password")
            }
        }
        return users
    }

    /// For each login the first organisation that it belongs to in the backup.
    private func firstOrganizations(
        _ organizations: [ImportedOrganization]
    ) async throws -> [String: ImportedOrganization] {
        var homes: [String: ImportedOrganization] = [:]
        for organization in organizations {
            for path in try await tree.documents(in: "\(organization.folder)/members") {
                let document = try? await tree.document(path)
                guard let login = document?["login"]?.text, homes[login] == nil else { continue }
                homes[login] = organization
            }
        }
        return homes
    }

    /// 32 letters and digits from the system's generator, about 190 bits.
    private static func randomPassword() -> String {
        let signs = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<32).compactMap { _ in signs.randomElement(using: &generator) })
    }
}
