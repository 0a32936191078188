internal import Documents

extension GrafanaRoute {
    static var teams: [GrafanaRoute] {
        [
            GrafanaRoute(.admin, in: "GET", "teams/search") { state, organization, call in
                var found = organization.teams
                if let name = call.request.query["name"] { found = found.filter { $0.name == name } }
                if let query = call.request.query["query"] {
                    found = found.filter { $0.name.lowercased().contains(query.lowercased()) }
                }
                let size = min(call.number("perpage", 1000), state.longestPage)
                let page = call.number("page", 1)
                let list = found.page(page, of: size).map { team -> JSONValue in
                    [
                        "id": JSONValue(team.id), "uid": .string(team.uid), "name": .string(team.name),
                        "email": .string(team.email), "orgId": JSONValue(organization.id),
                        "memberCount": JSONValue(team.members.count), "permission": 0, "avatarUrl": "/avatar/0",
                    ]
                }
                return .json(
                    200,
                    [
                        "totalCount": JSONValue(found.count), "teams": .array(list), "page": JSONValue(page),
                        "perPage": JSONValue(size),
                    ])
            },
            GrafanaRoute(.admin, in: "POST", "teams") { state, organization, call in
                let name = call.body["name"]?.text ?? ""
                guard !organization.teams.contains(where: { $0.name == name }) else {
                    return .grafana(409, "Team name taken")
                }
                let team = GrafanaOrganization.Team(
                    id: state.nextID(), uid: state.nextUID(), name: name, email: call.body["email"]?.text ?? "")
                organization.teams.append(team)
                return .json(
                    200, ["teamId": JSONValue(team.id), "uid": .string(team.uid), "message": "Team created"])
            },
            GrafanaRoute(.admin, in: "PUT", "teams/*") { _, organization, call in
                guard let index = organization.team(call) else { return .grafana(404, "Team not found") }
                organization.teams[index].name = call.body["name"]?.text ?? ""
                organization.teams[index].email = call.body["email"]?.text ?? ""
                return .grafana(200, "Team updated")
            },
            GrafanaRoute(.admin, in: "GET", "teams/*/members") { state, organization, call in
                guard let index = organization.team(call) else { return .grafana(404, "Team not found") }
                let team = organization.teams[index]
                let list = team.members.sorted { $0.key < $1.key }.compactMap { member, permission -> JSONValue? in
                    guard let user = state.users[member] else { return nil }
                    return [
                        "orgId": JSONValue(organization.id), "teamId": JSONValue(team.id),
                        "userId": JSONValue(member), "login": .string(user.login), "email": .string(user.email),
                        "name": .string(user.name), "permission": JSONValue(permission), "labels": [],
                        "auth_module": "", "avatarUrl": "/avatar/0",
                    ]
                }
                return .json(200, .array(list))
            },
            GrafanaRoute(.admin, in: "POST", "teams/*/members") { state, organization, call in
                guard let index = organization.team(call) else { return .grafana(404, "Team not found") }
                guard let user = call.body["userId"]?.integer, state.users[user] != nil else {
                    return .grafana(404, "User not found")
                }
                guard organization.teams[index].members[user] == nil else {
                    return .grafana(400, "User is already added to this team")
                }
                organization.teams[index].members[user] = 0
                return .grafana(200, "Member added to Team")
            },
            GrafanaRoute(.admin, in: "PUT", "teams/*/members") { state, organization, call in
                guard state.version >= .v11 else { return .grafana(404, "Not found") }
                guard let index = organization.team(call) else { return .grafana(404, "Team not found") }
                var members: [Int: Int] = [:]
                for (list, permission) in [("members", 0), ("admins", 4)] {
                    for email in call.body[list]?.array ?? [] {
                        guard let user = state.user(email.text ?? "") else { return .grafana(404, "User not found") }
                        members[user.id] = permission
                    }
                }
                organization.teams[index].members = members
                return .grafana(200, "Team memberships have been updated")
            },
            GrafanaRoute(.admin, in: "PUT", "teams/*/members/*") { _, organization, call in
                guard let index = organization.team(call), let user = Int(call.parameters[1]),
                    organization.teams[index].members[user] != nil
                else { return .grafana(404, "Team member not found.") }
                organization.teams[index].members[user] = call.body["permission"]?.integer ?? 0
                return .grafana(200, "Team member updated")
            },
            GrafanaRoute(.admin, in: "DELETE", "teams/*/members/*") { _, organization, call in
                guard let index = organization.team(call) else { return .grafana(404, "Team not found") }
                organization.teams[index].members[Int(call.parameters[1]) ?? -1] = nil
                return .grafana(200, "Team Member removed")
            },
        ]
    }

    static var serviceAccounts: [GrafanaRoute] {
        [
            GrafanaRoute(.admin, in: "GET", "serviceaccounts/search") { state, organization, call in
                var found = organization.serviceAccounts
                if let query = call.request.query["query"] {
                    found = found.filter { $0.name.lowercased().contains(query.lowercased()) }
                }
                let size = min(call.number("perpage", 1000), state.longestPage)
                let page = call.number("page", 1)
                return .json(
                    200,
                    [
                        "totalCount": JSONValue(found.count), "page": JSONValue(page), "perPage": JSONValue(size),
                        "serviceAccounts": .array(found.page(page, of: size).map { describe($0, organization.id) }),
                    ])
            },
            GrafanaRoute(.admin, in: "POST", "serviceaccounts") { state, organization, call in
                let name = call.body["name"]?.text ?? ""
                guard !organization.serviceAccounts.contains(where: { $0.name == name }) else {
                    return .grafana(400, "service account already exists")
                }
                let account = GrafanaOrganization.ServiceAccount(
                    id: state.nextID(), login: "sa-\(organization.id)-\(name.lowercased())", name: name,
                    role: call.body["role"]?.text ?? "Viewer", isDisabled: call.body["isDisabled"]?.bool ?? false)
                organization.serviceAccounts.append(account)
                return .json(201, describe(account, organization.id))
            },
            GrafanaRoute(.admin, in: "PATCH", "serviceaccounts/*") { _, organization, call in
                guard let index = organization.serviceAccounts.firstIndex(where: { $0.id == call.id }) else {
                    return .grafana(404, "service account not found")
                }
                if let role = call.body["role"]?.text { organization.serviceAccounts[index].role = role }
                if let flag = call.body["isDisabled"]?.bool { organization.serviceAccounts[index].isDisabled = flag }
                if let name = call.body["name"]?.text { organization.serviceAccounts[index].name = name }
                let account = describe(organization.serviceAccounts[index], organization.id)
                return .json(
                    200, ["id": JSONValue(call.id), "message": "Service account updated", "serviceaccount": account])
            },
            GrafanaRoute(.admin, in: "GET", "serviceaccounts/*/tokens") { _, organization, call in
                guard let account = organization.serviceAccounts.first(where: { $0.id == call.id }) else {
                    return .grafana(404, "service account not found")
                }
                return .json(200, .array(account.tokens))
            },
            GrafanaRoute(.admin, in: "POST", "serviceaccounts/*/tokens") { state, organization, call in
                guard let index = organization.serviceAccounts.firstIndex(where: { $0.id == call.id }) else {
                    return .grafana(404, "service account not found")
                }
                let (id, name) = (state.nextID(), call.body["name"] ?? "")
                let key = "glsa_\(state.nextUID())"
                organization.serviceAccounts[index].tokens.append(
                    [
                        "id": JSONValue(id), "name": name, "created": "2026-01-01T00:00:00Z", "expiration": nil,
                        "hasExpired": false, "secondsUntilExpiration": 0, "isRevoked": false,
                    ])
                state.tokens[key] = .init(
                    organization: organization.id, role: organization.serviceAccounts[index].role)
                return .json(200, ["id": JSONValue(id), "name": name, "key": .string(key)])
            },
        ]
    }

    private static func describe(_ account: GrafanaOrganization.ServiceAccount, _ organization: Int) -> JSONValue {
        [
            "id": JSONValue(account.id), "name": .string(account.name), "login": .string(account.login),
            "orgId": JSONValue(organization), "role": .string(account.role), "isDisabled": .bool(account.isDisabled),
            "tokens": JSONValue(account.tokens.count), "avatarUrl": "/avatar/0",
        ]
    }

    static var preferences: [GrafanaRoute] {
        [
            GrafanaRoute(.viewer, in: "GET", "org/preferences") { state, organization, _ in
                .json(200, shown(organization.preferences, organization, state))
            },
            GrafanaRoute(.admin, in: "PUT", "org/preferences") { _, organization, call in
                guard organization.hasHome(call.body) else { return .grafana(404, "Dashboard not found") }
                organization.preferences = call.body
                return .grafana(200, "Preferences updated")
            },
            GrafanaRoute(.admin, in: "PATCH", "org/preferences") { _, organization, call in
                guard organization.hasHome(call.body) else { return .grafana(404, "Dashboard not found") }
                let merged = (organization.preferences.object ?? [:]).merging(call.body.object ?? [:]) { $1 }
                organization.preferences = .object(merged)
                return .grafana(200, "Preferences updated")
            },
            GrafanaRoute(.admin, in: "GET", "teams/*/preferences") { state, organization, call in
                guard let index = organization.team(call) else { return .grafana(404, "Team not found") }
                return .json(200, shown(organization.teams[index].preferences, organization, state))
            },
            GrafanaRoute(.admin, in: "PUT", "teams/*/preferences") { _, organization, call in
                guard let index = organization.team(call) else { return .grafana(404, "Team not found") }
                guard organization.hasHome(call.body) else { return .grafana(404, "Dashboard not found") }
                organization.teams[index].preferences = call.body
                return .grafana(200, "Preferences updated")
            },
        ]
    }

    /// Returns preferences as the API shows them. Grafana 9 also shows a numeric id of the home dashboard.
    private static func shown(
        _ preferences: JSONValue, _ organization: GrafanaOrganization, _ state: GrafanaState
    ) -> JSONValue {
        var shown = preferences
        guard state.version < .v10, let uid = preferences["homeDashboardUID"]?.text else { return shown }
        shown["homeDashboardId"] = JSONValue(organization.dashboards[uid]?.id ?? 0)
        return shown
    }
}

extension GrafanaOrganization {
    /// Returns the index of a team by its numeric id or, since Grafana 11, by its uid.
    fileprivate func team(_ call: GrafanaCall) -> Int? {
        teams.firstIndex { $0.id == call.id || $0.uid == call.parameters[0] }
    }

    fileprivate func hasHome(_ preferences: JSONValue) -> Bool {
        guard let uid = preferences["homeDashboardUID"]?.text, !uid.isEmpty else { return true }
        return dashboards[uid] != nil
    }
}
