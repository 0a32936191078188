internal import BackupRepository
internal import Documents

/// Organisation, members, teams, service accounts, preferences.
extension OrganizationExport {
    func describe() throws {
        let found =
            try isServerAdmin
            ? api.value(GrafanaRequest("GET", ["orgs", String(id)])) : get(["org"])
        try write("organization.json", GrafanaDocument.picked(found, ["id", "name", "address"]))
        findings.count("organizations")
    }

    func members() throws {
        let all =
            try isServerAdmin
            ? api.value(GrafanaRequest("GET", ["orgs", String(id), "users"])) : get(["org", "users"])
        for member in all.array ?? [] {
            guard let login = member["login"]?.text, login != guest else { continue }
            try write(
                "members/\(DocumentTree.name(for: login)).json", GrafanaDocument.picked(member, ["login", "role"]))
            findings.count("members")
        }
    }

    func exportTeams() async throws {
        try await part("teams") {
            let shape = GrafanaAPI.ListShape(["teams"])
            for team in try list(["teams", "search"], shape, identity: "id") {
                guard let number = team["id"]?.integer, let name = team["name"]?.text else { continue }
                let path = "teams/\(DocumentTree.name(for: name)).json"
                try object("teams", at: "\(folder)/\(path)") {
                    var document = GrafanaDocument.picked(team, ["id", "uid", "name", "email"])
                    let members = try whole(["teams", String(number), "members"])
                    document["members"] = .array(
                        members.map { GrafanaDocument.picked($0, ["login", "permission"]) }
                            .sorted { ($0["login"]?.text ?? "") < ($1["login"]?.text ?? "") })
                    document["preferences"] = GrafanaDocument.preferences(
                        try get(["teams", String(number), "preferences"]))
                    try write(path, document)
                }
            }
        }
    }

    func serviceAccounts() throws {
        let shape = GrafanaAPI.ListShape(["serviceAccounts"])
        for account in try list(["serviceaccounts", "search"], shape, identity: "id") {
            guard let number = account["id"]?.integer, let name = account["name"]?.text else { continue }
            let path = "service-accounts/\(DocumentTree.name(for: name)).json"
            try object("service accounts", at: "\(folder)/\(path)") {
                let tokens = try whole(["serviceaccounts", String(number), "tokens"])
                var document = GrafanaDocument.picked(account, ["name", "login", "role", "isDisabled"])
                document["tokens"] = .array(
                    tokens.map { GrafanaDocument.picked($0, ["name", "expiration"]) }
                        .sorted { ($0["name"]?.text ?? "") < ($1["name"]?.text ?? "") })
                try write(path, document)
                guard !tokens.isEmpty else { return }
                findings.withhold(
                    Withheld(
                        path: "\(folder)/\(path)",
                        object:
                            "tokens of service account '\(name)' of organisation '\(self.name)', to be issued again",
                        secrets: []))
            }
        }
    }

    func preferences() throws {
        try write("preferences.json", GrafanaDocument.preferences(try get(["org", "preferences"])))
    }
}
