internal import BackupRepository
internal import Documents
internal import HTTP
internal import Logging

/// The members, teams and service accounts of one organisation.
struct OrganizationPeople: Sendable {
    let run: ImportRun
    let organization: ImportedOrganization
    let users: [String: Identity]
    let visit: Visit

    private var server: ImportServer { run.server }

    func importAll() async throws -> Identities {
        try await importMembers()
        let teams = try await importTeams()
        let accounts = try await importServiceAccounts()
        return Identities(users: users, teams: teams, serviceAccounts: accounts)
    }

    // MARK: Members

    private func members() async throws -> [String: JSONValue] {
        guard let target = organization.target else { return [:] }
        let path = run.access.isServerAdmin ? ["orgs", "\(target)", "users"] : ["org", "users"]
        let list = try await server.read(path)?.array ?? []
        return Dictionary(list.map { ($0.text("login"), $0) }) { one, _ in one }
    }

    private func importMembers() async throws {
        let present = try await run.reading { try await members() }
        for path in try await run.tree.documents(in: "\(organization.folder)/members") {
            guard let document = try await run.document("member", path) else { continue }
            // The import's own role comes last: it may be too low for the remaining work.
            if document.text("login") == visit.login { continue }
            try await settleMember(document, present)
        }
    }

    private func settleMember(_ document: JSONValue, _ present: [String: JSONValue]) async throws {
        let (login, role) = (document.text("login"), document["role"] ?? .null)
        var present = present
        var isFirst = true
        try await run.settle("member", named: organization.naming(login)) {
            if !isFirst { present = try await members() }
            isFirst = false
            if let current = present[login] {
                guard current["role"] != role, let id = current["userId"]?.integer else { return .same }
                return .update(["role \(current.text("role")) becomes \(role.text ?? "")"]) {
                    let path = run.access.isServerAdmin ? ["orgs", "\(organization.target ?? 0)"] : ["org"]
                    try await server.write("PATCH", path + ["users", "\(id)"], body: ["role": role])
                    return []
                }
            }
            guard users[login] != nil, users[login] != .absent else {
                return .skipped("the target does not have this user yet")
            }
            return .create {
                guard let target = organization.target else { return [] }
                let path = run.access.isServerAdmin ? ["orgs", "\(target)", "users"] : ["org", "users"]
                try await server.write("POST", path, body: ["loginOrEmail": .string(login), "role": role])
                return []
            }
        }
    }

    /// Sets the import's own membership to the backup's, or to the one before the import.
    func leave() async throws {
        guard let login = visit.login else { return }
        let own = try await run.tree.documents(in: "\(organization.folder)/members").asyncFirst { path in
            (try? await run.tree.document(path))?["login"]?.text == login
        }
        let present = try await run.reading { try await members() }
        if let own, let document = try await run.document("member", own) {
            return try await settleMember(document, present)
        }
        guard !run.isDryRun, let target = organization.target, let id = present[login]?["userId"]?.integer,
            present[login]?.text("role") != visit.role
        else { return }
        do {
            if let role = visit.role {
                try await server.write("PATCH", ["orgs", "\(target)", "users", "\(id)"], body: ["role": .string(role)])
            } else {
                try await server.write("DELETE", ["orgs", "\(target)", "users", "\(id)"])
            }
        } catch let error as GrafanaAPIError {
            run.request.logger.debug(
                "stays in an organisation", metadata: ["organisation": "\(target)", "cause": "\(error.detail)"])
        } catch is CredentialsRefused {}
    }

    // MARK: Teams

    private func importTeams() async throws -> [String: Identity] {
        var present = try await run.reading { try await presentTeams() }
        var teams = present.compactMapValues { $0["id"]?.integer.map { Identity.present($0) } }
        for path in try await run.tree.documents(in: "\(organization.folder)/teams") {
            guard let document = try await run.document("team", path) else { continue }
            let name = document.text("name")
            var isFirst = true
            var made: Int?
            let isThere = try await run.settle("team", named: organization.naming(name)) {
                if !isFirst { present = try await presentTeams() }
                isFirst = false
                if let current = present[name], let id = current["id"]?.integer {
                    made = id
                    return try await planTeam(id, document: document, current: current)
                }
                return .create(absentees(of: document)) {
                    let answer = try await server.write(
                        "POST", ["teams"], body: ["name": .string(name), "email": .string(document.text("email"))],
                        organization: organization.target)
                    guard let id = answer["teamId"]?.integer else {
                        throw Obstacle.failed("Grafana did not return its id")
                    }
                    made = id
                    try await fill(id, document)
                    return []
                }
            }
            teams[name] = made.map { .present($0) } ?? (isThere ? .planned : .absent)
        }
        return teams
    }

    private func presentTeams() async throws -> [String: JSONValue] {
        guard let target = organization.target else { return [:] }
        let list = try await server.list(
            ["teams", "search"], GrafanaAPI.ListShape(["teams"]), organization: target)
        return Dictionary(list.map { ($0.text("name"), $0) }) { one, _ in one }
    }

    private func planTeam(_ id: Int, document: JSONValue, current: JSONValue) async throws -> Plan {
        let isSame = Likeness.alike(document, current, members: ["email"])
        let missing = try await missingMembers(of: id, document)
        if isSame, missing.isEmpty { return Plan(outcome: .same, details: absentees(of: document)) }
        let details = (isSame ? [] : ["e-mail address"]) + missing.map { "member '\($0)'" }
        return .update(details + absentees(of: document)) {
            if !isSame {
                try await server.write(
                    "PUT", ["teams", "\(id)"], body: document.keeping(["name", "email"]),
                    organization: organization.target)
            }
            try await fill(id, document)
            return []
        }
    }

    private func missingMembers(of id: Int, _ document: JSONValue) async throws -> [String] {
        let list = try await server.read(["teams", "\(id)", "members"], organization: organization.target)?.array ?? []
        let present = Dictionary(list.map { ($0.text("login"), $0["permission"]?.integer ?? 0) }) { one, _ in one }
        return wantedMembers(of: document).filter { present[$0.login] != $0.permission }.map(\.login)
    }

    /// Adds the missing members, each with its permission.
    private func fill(_ id: Int, _ document: JSONValue) async throws {
        let target = organization.target
        let list = try await server.read(["teams", "\(id)", "members"], organization: target)?.array ?? []
        let present = Dictionary(list.map { ($0.text("login"), $0["permission"]?.integer ?? 0) }) { one, _ in one }
        for member in wantedMembers(of: document) where present[member.login] != member.permission {
            guard case .present(let user) = users[member.login] ?? .absent else { continue }
            if present[member.login] == nil {
                try await server.write(
                    "POST", ["teams", "\(id)", "members"], body: ["userId": JSONValue(user)], organization: target)
            }
            if member.permission != present[member.login] ?? 0 {
                try await server.write(
                    "PUT", ["teams", "\(id)", "members", "\(user)"], body: ["permission": JSONValue(member.permission)],
                    organization: target)
            }
        }
    }

    private func wantedMembers(of document: JSONValue) -> [(login: String, permission: Int)] {
        (document["members"]?.array ?? []).map { ($0.text("login"), $0["permission"]?.integer ?? 0) }
            .filter { users[$0.0] != nil && users[$0.0] != .absent }
    }

    private func absentees(of document: JSONValue) -> [String] {
        (document["members"]?.array ?? []).map { $0.text("login") }.filter { users[$0] == nil || users[$0] == .absent }
            .map { "member '\($0)' is not a user of the target yet" }
    }

    // MARK: Service accounts

    private func importServiceAccounts() async throws -> [String: Identity] {
        var present: [String: JSONValue] = [:]
        func read() async throws {
            guard let target = organization.target else { return }
            let list = try await server.list(
                ["serviceaccounts", "search"], GrafanaAPI.ListShape(["serviceAccounts"]), organization: target)
            present = Dictionary(list.map { ($0.text("name"), $0) }) { one, _ in one }
        }
        let documents = try await run.tree.documents(in: "\(organization.folder)/service-accounts")
        try await run.reading { try await read() }
        var logins: [String] = []
        for path in documents {
            guard let document = try await run.document("service account", path) else { continue }
            let name = document.text("name")
            logins.append(document.text("login"))
            var isFirst = true
            try await run.settle("service account", named: organization.naming(name)) {
                if !isFirst { try await read() }
                isFirst = false
                return try await planServiceAccount(document, present[name])
            }
        }
        if !run.isDryRun, !documents.isEmpty { try await run.reading { try await read() } }
        let identities = present.values.compactMap { account in
            account["id"]?.integer.map { (Permission.serviceAccount(account.text("login")), Identity.present($0)) }
        }
        let planned = run.isDryRun ? logins.map { (Permission.serviceAccount($0), Identity.planned) } : []
        return Dictionary(identities + planned) { one, _ in one }
    }

    private func planServiceAccount(_ document: JSONValue, _ current: JSONValue?) async throws -> Plan {
        let target = organization.target
        let fields = ["name", "role", "isDisabled"]
        let tokens = (document["tokens"]?.array ?? []).map { $0.text("name") }
        let issue = { (missing: [String]) -> [String] in
            missing.isEmpty ? [] : ["tokens must be issued again: \(missing.joined(separator: ", "))"]
        }
        guard let current, let id = current["id"]?.integer else {
            return .create(issue(tokens)) {
                guard target != nil else { return [] }
                let form = document.keeping(fields)
                let made = try await server.write("POST", ["serviceaccounts"], body: form, organization: target)
                // Some versions enable it, even if the form disables it.
                if let id = made["id"]?.integer, !Likeness.alike(form, made, members: fields) {
                    try await server.write("PATCH", ["serviceaccounts", "\(id)"], body: form, organization: target)
                }
                return []
            }
        }
        let list = try await server.read(["serviceaccounts", "\(id)", "tokens"], organization: target)?.array ?? []
        let present = Set(list.map { $0.text("name") })
        let details = issue(tokens.filter { !present.contains($0) })
        if Likeness.alike(document, current, members: fields) { return Plan(outcome: .same, details: details) }
        return .update(details) {
            try await server.write(
                "PATCH", ["serviceaccounts", "\(id)"], body: document.keeping(fields), organization: target)
            return []
        }
    }
}

extension Sequence where Element: Sendable {
    fileprivate func asyncFirst(where condition: (Element) async -> Bool) async -> Element? {
        for element in self where await condition(element) { return element }
        return nil
    }
}
