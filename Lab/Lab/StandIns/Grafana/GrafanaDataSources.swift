internal import Documents

extension GrafanaRoute {
    static var dataSourceRoutes: [GrafanaRoute] {
        [
            GrafanaRoute(.admin, in: "GET", "datasources") { _, organization, _ in
                // The list does not show which secrets are set.
                .json(
                    200, .array(organization.dataSources.map { organization.shown($0).removing(["secureJsonFields"]) }))
            },
            GrafanaRoute(.admin, in: "GET", "datasources/uid/*") { _, organization, call in
                organization.dataSources.first { $0.uid == call.parameters[0] }
                    .map { .json(200, organization.shown($0)) } ?? .grafana(404, "Data source not found")
            },
            GrafanaRoute(.admin, in: "GET", "datasources/name/*") { _, organization, call in
                organization.dataSources.first { $0.content["name"]?.text == call.parameters[0] }
                    .map { .json(200, organization.shown($0)) } ?? .grafana(404, "Data source not found")
            },
            GrafanaRoute(.admin, in: "POST", "datasources") { state, organization, call in
                var content = call.body.removing(["secureJsonData", "version", "secureJsonFields"])
                guard let name = content["name"]?.text, content["type"]?.text != nil, content["access"]?.text != nil
                else { return .grafana(400, "bad request data") }
                if (content["uid"]?.text ?? "").isEmpty { content["uid"] = .string(state.nextUID()) }
                let isTaken = organization.dataSources.contains {
                    $0.content["name"]?.text == name || $0.content["uid"] == content["uid"]
                }
                guard !isTaken else { return .grafana(409, "data source with the same name or uid already exists") }
                content["id"] = JSONValue(state.nextID())
                content["version"] = 1
                content["readOnly"] = false
                let made = GrafanaOrganization.DataSource(content: content, secrets: secrets(call.body))
                organization.makeDefault(made)
                organization.dataSources.append(made)
                return .json(
                    200,
                    [
                        "id": content["id"] ?? 0, "name": .string(name), "message": "Datasource added",
                        "datasource": organization.shown(made),
                    ])
            },
            GrafanaRoute(.admin, in: "PUT", "datasources/uid/*") { _, organization, call in
                guard let index = organization.dataSources.firstIndex(where: { $0.uid == call.parameters[0] }) else {
                    return .grafana(404, "Data source not found")
                }
                let known = organization.dataSources[index]
                guard known.content["readOnly"]?.bool != true else {
                    return .grafana(403, "Cannot update read-only data source")
                }
                if let version = call.body["version"]?.integer, version != known.content["version"]?.integer {
                    return .grafana(409, "Datasource has already been updated by someone else.")
                }
                var content = call.body.removing(["secureJsonData", "secureJsonFields"])
                content["id"] = known.content["id"] ?? 0
                content["readOnly"] = false
                content["uid"] = .string(call.parameters[0])
                content["version"] = JSONValue((known.content["version"]?.integer ?? 0) + 1)
                // A secret that is not given is kept.
                organization.dataSources[index] = .init(
                    content: content, secrets: known.secrets.merging(secrets(call.body)) { $1 })
                organization.makeDefault(organization.dataSources[index])
                return .json(
                    200,
                    [
                        "id": content["id"] ?? 0, "name": content["name"] ?? "", "message": "Datasource updated",
                        "datasource": organization.shown(organization.dataSources[index]),
                    ])
            },
            GrafanaRoute(.admin, in: "DELETE", "datasources/uid/*") { _, organization, call in
                organization.dataSources.removeAll { $0.uid == call.parameters[0] }
                return .grafana(200, "Data source deleted")
            },
        ] + correlations
    }

    private static func secrets(_ body: JSONValue) -> [String: String] {
        (body["secureJsonData"]?.object ?? [:]).compactMapValues(\.text)
    }

    // MARK: Correlations

    private static var correlations: [GrafanaRoute] {
        [
            GrafanaRoute(.viewer, in: "GET", "datasources/correlations") { state, organization, call in
                let all = organization.correlations
                // A plain list before Grafana 10, and a 404 instead of an empty list before 11.
                if state.version < .v11, all.isEmpty { return .grafana(404, "No correlation found") }
                if state.version < .v10 { return .json(200, .array(all)) }
                let (page, size) = (call.number("page", 1), min(call.number("limit", 100), state.longestPage, 1000))
                return .json(
                    200,
                    [
                        "correlations": .array(all.page(page, of: size)), "totalCount": JSONValue(all.count),
                        "page": JSONValue(page), "limit": JSONValue(size),
                    ])
            },
            GrafanaRoute(.admin, in: "POST", "datasources/uid/*/correlations") { state, organization, call in
                guard organization.dataSources.contains(where: { $0.uid == call.parameters[0] }) else {
                    return .grafana(404, "Source data source not found")
                }
                var made = call.body
                made["uid"] = .string(state.nextUID())
                made["sourceUID"] = .string(call.parameters[0])
                made["orgId"] = JSONValue(organization.id)
                made["provisioned"] = false
                organization.correlations.append(made)
                return .json(200, ["message": "Correlation created", "result": made])
            },
            GrafanaRoute(.admin, in: "PATCH", "datasources/uid/*/correlations/*") { _, organization, call in
                guard let index = organization.correlations.firstIndex(where: { $0["uid"]?.text == call.parameters[1] })
                else { return .grafana(404, "Correlation not found") }
                let merged = (organization.correlations[index].object ?? [:]).merging(call.body.object ?? [:]) { $1 }
                organization.correlations[index] = .object(merged)
                return .json(200, ["message": "Correlation updated", "result": .object(merged)])
            },
            GrafanaRoute(.admin, in: "DELETE", "datasources/uid/*/correlations/*") { _, organization, call in
                organization.correlations.removeAll { $0["uid"]?.text == call.parameters[1] }
                return .grafana(200, "Correlation deleted")
            },
        ]
    }
}

extension GrafanaOrganization {
    /// Returns a data source as the API shows it: the names of the secrets that are set, but never their values.
    fileprivate func shown(_ source: DataSource) -> JSONValue {
        var value = source.content
        value["orgId"] = JSONValue(id)
        value["typeLogoUrl"] = ""
        value["secureJsonFields"] = .object(source.secrets.mapValues { _ in true })
        for (name, value_) in ["user": "", "database": "", "url": ""] as [String: JSONValue] where value[name] == nil {
            value[name] = value_
        }
        for name in ["basicAuth", "withCredentials", "isDefault", "readOnly"] where value[name] == nil {
            value[name] = false
        }
        if value["basicAuthUser"] == nil { value["basicAuthUser"] = "" }
        if value["jsonData"] == nil { value["jsonData"] = [:] }
        return value
    }

    /// Makes a data source the default; only one has the flag.
    fileprivate mutating func makeDefault(_ source: DataSource) {
        guard source.content["isDefault"]?.bool == true else { return }
        for index in dataSources.indices where dataSources[index].uid != source.uid {
            dataSources[index].content["isDefault"] = false
        }
    }
}
