internal import Documents

extension GrafanaRoute {
    /// Health, organisations, users, teams, service accounts, preferences.
    static var accounts: [GrafanaRoute] {
        server + organizations + users + teams + serviceAccounts + preferences
    }

    private static var server: [GrafanaRoute] {
        [
            GrafanaRoute(.open, "GET", "health") { state, _ in
                .json(200, ["commit": "00000000", "database": "ok", "version": .string(state.version.text)])
            },
            GrafanaRoute(.serverAdmin, "GET", "admin/stats") { state, _ in
                let all = Array(state.organizations.values)
                func sum(_ count: (GrafanaOrganization) -> Int) -> JSONValue { JSONValue(all.map(count).reduce(0, +)) }
                return .json(
                    200,
                    [
                        "orgs": JSONValue(all.count), "users": JSONValue(state.users.count),
                        "dashboards": sum { $0.dashboards.count }, "datasources": sum { $0.dataSources.count },
                        "playlists": sum { $0.playlists.count }, "alerts": sum { $0.rules.count }, "snapshots": 0,
                    ])
            },
            GrafanaRoute(.viewer, "GET", "plugins") { _, _ in .json(200, []) },
        ]
    }

    // MARK: Organisations

    private static var organizations: [GrafanaRoute] {
        [
            GrafanaRoute(.serverAdmin, "GET", "orgs") { state, call in
                // The only list whose pages are numbered from 0.
                let all = state.organizations.values.sorted { $0.id < $1.id }
                let size = min(call.number("perpage", 1000), state.longestPage)
                let page = all.page(call.number("page", 0) + 1, of: size)
                return .json(200, .array(page.map { ["id": JSONValue($0.id), "name": .string($0.name)] }))
            },
            GrafanaRoute(.serverAdmin, "GET", "orgs/*") { state, call in describe(state.organizations[call.id]) },
            GrafanaRoute(.serverAdmin, "GET", "orgs/name/*") { state, call in
                describe(state.organizations.values.first { $0.name == call.parameters[0] })
            },
            GrafanaRoute(.viewer, "GET", "org") { state, call in describe(state.organizations[call.organization]) },
            GrafanaRoute(.serverAdmin, "POST", "orgs") { state, call in
                guard let name = call.body["name"]?.text else { return .grafana(400, "bad request data") }
                guard !state.organizations.values.contains(where: { $0.name == name }) else {
                    return .grafana(409, "Organization name taken")
                }
                var made = GrafanaOrganization(id: state.nextID(), name: name)
                made.contactPoints = [GrafanaState.defaultContactPoint]
                if let user = state.user(call.login) { made.members[user.id] = "Admin" }
                state.organizations[made.id] = made
                return .json(200, ["orgId": JSONValue(made.id), "message": "Organization created"])
            },
            GrafanaRoute(.serverAdmin, "PUT", "orgs/*") { state, call in
                guard state.organizations[call.id] != nil else { return .grafana(404, "Organization not found") }
                state.organizations[call.id]?.name = call.body["name"]?.text ?? ""
                return .grafana(200, "Organization updated")
            },
            GrafanaRoute(.serverAdmin, "PUT", "orgs/*/address") { state, call in
                guard state.organizations[call.id] != nil else { return .grafana(404, "Organization not found") }
                state.organizations[call.id]?.address = call.body
                return .grafana(200, "Address updated")
            },
            GrafanaRoute(.serverAdmin, "DELETE", "orgs/*") { state, call in
                state.organizations.removeValue(forKey: call.id) == nil
                    ? .grafana(404, "Failed to delete organization. ID not found")
                    : .grafana(200, "Organization deleted")
            },
            GrafanaRoute(.serverAdmin, "GET", "orgs/*/users") { state, call in members(of: call.id, state) },
            GrafanaRoute(.admin, "GET", "org/users") { state, call in members(of: call.organization, state) },
            GrafanaRoute(.serverAdmin, "POST", "orgs/*/users") { state, call in
                guard state.organizations[call.id] != nil else { return .grafana(404, "Organization not found") }
                guard let user = state.user(call.body["loginOrEmail"]?.text ?? "") else {
                    return .grafana(404, "User not found")
                }
                guard state.organizations[call.id]?.members[user.id] == nil else {
                    return .grafana(409, "User is already member of this organization")
                }
                state.organizations[call.id]?.members[user.id] = call.body["role"]?.text ?? "Viewer"
                return .json(200, ["message": "User added to organization", "userId": JSONValue(user.id)])
            },
            GrafanaRoute(.serverAdmin, "PATCH", "orgs/*/users/*") { state, call in
                let user = Int(call.parameters[1]) ?? -1
                guard state.organizations[call.id]?.members[user] != nil else { return .grafana(404, "User not found") }
                state.organizations[call.id]?.members[user] = call.body["role"]?.text ?? "Viewer"
                return .grafana(200, "Organization user updated")
            },
            GrafanaRoute(.serverAdmin, "DELETE", "orgs/*/users/*") { state, call in
                state.organizations[call.id]?.members[Int(call.parameters[1]) ?? -1] = nil
                return .grafana(200, "User removed from organization")
            },
        ]
    }

    private static func describe(_ organization: GrafanaOrganization?) -> StandInAnswer {
        guard let organization else { return .grafana(404, "Organization not found") }
        return .json(
            200,
            [
                "id": JSONValue(organization.id), "name": .string(organization.name),
                "address": organization.address,
            ])
    }

    private static func members(of id: Int, _ state: GrafanaState) -> StandInAnswer {
        guard let organization = state.organizations[id] else { return .grafana(404, "Organization not found") }
        let list = organization.members.sorted { $0.key < $1.key }.compactMap { member, role -> JSONValue? in
            guard let user = state.users[member] else { return nil }
            return [
                "orgId": JSONValue(id), "userId": JSONValue(member), "login": .string(user.login),
                "email": .string(user.email), "name": .string(user.name), "role": .string(role),
                "lastSeenAt": "2026-01-01T00:00:00Z", "avatarUrl": "/avatar/0",
            ]
        }
        return .json(200, .array(list))
    }

    // MARK: Users

    private static var users: [GrafanaRoute] {
        [
            GrafanaRoute(.serverAdmin, "GET", "users/search") { state, call in
                let all = state.users.values.sorted { $0.id < $1.id }
                let size = min(call.number("perpage", 1000), state.longestPage)
                let page = call.number("page", 1)
                let list = all.page(page, of: size).map { user -> JSONValue in
                    [
                        "id": JSONValue(user.id), "uid": .string("user\(user.id)"), "login": .string(user.login),
                        "email": .string(user.email), "name": .string(user.name),
                        "isAdmin": .bool(user.isGrafanaAdmin), "isDisabled": .bool(user.isDisabled),
                        "authLabels": .array(user.authLabels.map { .string($0) }),
                        "lastSeenAt": "2026-01-01T00:00:00Z", "lastSeenAtAge": "1m", "avatarUrl": "/avatar/0",
                    ]
                }
                return .json(
                    200,
                    [
                        "totalCount": JSONValue(all.count), "users": .array(list), "page": JSONValue(page),
                        "perPage": JSONValue(size),
                    ])
            },
            GrafanaRoute(.serverAdmin, "GET", "users/*") { state, call in describe(state.users[call.id]) },
            GrafanaRoute(.serverAdmin, "GET", "users/lookup") { state, call in
                describe(state.user(call.request.query["loginOrEmail"] ?? ""))
            },
            GrafanaRoute(.serverAdmin, "POST", "admin/users") { state, call in
                let body = call.body
                guard let login = body["login"]?.text ?? body["email"]?.text, let password = body["password"]?.text,
                    password.count >= 4
                else { return .grafana(400, "Password is missing or too short") }
                let email = body["email"]?.text ?? ""
                guard state.user(login) == nil, email.isEmpty || state.user(email) == nil else {
                    return .grafana(412, "User with email '\(email)' or username '\(login)' already exists")
                }
                let organization = body["OrgId"]?.integer ?? state.organizations.keys.min() ?? 1
                let user = GrafanaState.User(
                    id: state.nextID(), login: login, email: email, name: body["name"]?.text ?? "",
                    password: password, organization: organization)
                state.users[user.id] = user
                // A new user becomes a member of the current organisation.
                state.organizations[organization]?.members[user.id] = "Viewer"
                return .json(
                    200, ["id": JSONValue(user.id), "uid": .string("user\(user.id)"), "message": "User created"])
            },
            GrafanaRoute(.serverAdmin, "PUT", "users/*") { state, call in
                guard state.users[call.id] != nil else { return .grafana(404, "User not found") }
                if let email = call.body["email"]?.text { state.users[call.id]?.email = email }
                if let name = call.body["name"]?.text { state.users[call.id]?.name = name }
                if let login = call.body["login"]?.text { state.users[call.id]?.login = login }
                return .grafana(200, "User updated")
            },
            GrafanaRoute(.serverAdmin, "PUT", "admin/users/*/permissions") { state, call in
                guard state.users[call.id] != nil else { return .grafana(404, "User not found") }
                state.users[call.id]?.isGrafanaAdmin = call.body["isGrafanaAdmin"]?.bool ?? false
                return .grafana(200, "User permissions updated")
            },
            GrafanaRoute(.serverAdmin, "PUT", "admin/users/*/password") { state, call in
                guard state.users[call.id] != nil else { return .grafana(404, "User not found") }
                state.users[call.id]?.password = call.body["password"]?.text ?? ""
                return .grafana(200, "User password updated")
            },
            GrafanaRoute(.serverAdmin, "POST", "admin/users/*/disable") { state, call in
                guard state.users[call.id] != nil else { return .grafana(404, "User not found") }
                state.users[call.id]?.isDisabled = true
                return .grafana(200, "User disabled")
            },
            GrafanaRoute(.serverAdmin, "POST", "admin/users/*/enable") { state, call in
                guard state.users[call.id] != nil else { return .grafana(404, "User not found") }
                state.users[call.id]?.isDisabled = false
                return .grafana(200, "User enabled")
            },
        ]
    }

    private static func describe(_ user: GrafanaState.User?) -> StandInAnswer {
        guard let user else { return .grafana(404, "User not found") }
        return .json(
            200,
            [
                "id": JSONValue(user.id), "uid": .string("user\(user.id)"), "login": .string(user.login),
                "email": .string(user.email), "name": .string(user.name), "theme": "",
                "orgId": JSONValue(user.organization),
                "isGrafanaAdmin": .bool(user.isGrafanaAdmin), "isDisabled": .bool(user.isDisabled),
                "isExternal": .bool(!user.authLabels.isEmpty),
                "authLabels": .array(user.authLabels.map { .string($0) }),
                "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "avatarUrl": "/avatar/0",
            ])
    }
}
