internal import Documents

extension GrafanaRoute {
    static var alertingRoutes: [GrafanaRoute] { ruleRoutes + contactPoints + policies + muteTimings + templates }

    // MARK: Rules

    private static var ruleRoutes: [GrafanaRoute] {
        [
            GrafanaRoute(.admin, in: "GET", "v1/provisioning/alert-rules") { _, organization, _ in
                .json(200, .array(organization.rules))
            },
            GrafanaRoute(.admin, in: "GET", "v1/provisioning/alert-rules/*") { _, organization, call in
                organization.rules.first { $0["uid"]?.text == call.parameters[0] }.map { .json(200, $0) }
                    ?? .grafana(404, "alert rule not found")
            },
            GrafanaRoute(.admin, in: "GET", "v1/provisioning/folder/*/rule-groups/*") { _, organization, call in
                let (folder, group) = (call.parameters[0], call.parameters[1])
                let rules = organization.rules(of: group, in: folder)
                guard !rules.isEmpty else { return .grafana(404, "rule group not found") }
                return .json(
                    200,
                    [
                        "title": .string(group), "folderUid": .string(folder), "rules": .array(rules),
                        "interval": JSONValue(organization.intervals["\(folder)/\(group)"] ?? 60),
                    ])
            },
            GrafanaRoute(.admin, in: "PUT", "v1/provisioning/folder/*/rule-groups/*") { state, organization, call in
                putGroup(call, &organization, &state)
            },
            GrafanaRoute(.admin, in: "DELETE", "v1/provisioning/alert-rules/*") { _, organization, call in
                organization.rules.removeAll { $0["uid"]?.text == call.parameters[0] }
                return StandInAnswer(204)
            },
        ]
    }

    private static func putGroup(
        _ call: GrafanaCall, _ organization: inout GrafanaOrganization, _ state: inout GrafanaState
    ) -> StandInAnswer {
        let (folder, group) = (call.parameters[0], call.parameters[1])
        guard organization.folder(folder) != nil else { return .grafana(404, "folder does not exist") }
        let present = organization.rules(of: group, in: folder)
        if let refusal = refusal(of: call, stored: present.compactMap { $0["provenance"]?.text }, state) {
            return refusal
        }
        if let interval = call.body["interval"]?.integer {
            guard interval > 0, interval % 10 == 0 else {
                return .grafana(400, "invalid alert rule: interval (\(interval)s) must be divided exactly by 10s")
            }
            organization.intervals["\(folder)/\(group)"] = interval
        }
        guard let rules = call.body["rules"]?.array else { return .json(200, call.body) }
        let elsewhere = organization.rules.filter {
            $0["folderUID"]?.text != folder || $0["ruleGroup"]?.text != group
        }
        var written: [JSONValue] = []
        for var rule in rules {
            guard let title = rule["title"]?.text, rule["condition"]?.text != nil, rule["data"]?.array != nil else {
                return .grafana(400, "invalid alert rule: title, condition and data are required")
            }
            let isTwin = { (other: JSONValue) in
                other["title"]?.text == title && other["folderUID"]?.text == folder && other["uid"] != rule["uid"]
            }
            guard !(elsewhere + written).contains(where: isTwin) else {
                return .grafana(400, "invalid alert rule: an alert rule under the same folder and name already exists")
            }
            if (rule["uid"]?.text ?? "").isEmpty { rule["uid"] = .string(state.nextUID()) }
            rule["id"] = present.first { $0["uid"] == rule["uid"] }?["id"] ?? JSONValue(state.nextID())
            rule["orgID"] = JSONValue(organization.id)
            rule["folderUID"] = .string(folder)
            rule["ruleGroup"] = .string(group)
            rule["updated"] = "2026-01-02T00:00:00Z"
            rule["provenance"] = .string(call.provenance)
            written.append(rule)
        }
        let uids = Set(written.compactMap { $0["uid"]?.text })
        organization.rules = elsewhere.filter { !uids.contains($0["uid"]?.text ?? "") } + written
        return .json(
            200,
            [
                "title": .string(group), "folderUid": .string(folder), "rules": .array(written),
                "interval": JSONValue(organization.intervals["\(folder)/\(group)"] ?? 60),
            ])
    }

    /// Returns an error if the provenance differs: objects from files or the API can only be changed the same way, and
    /// objects without provenance in any way.
    private static func refusal(of call: GrafanaCall, stored: [String], _ state: GrafanaState) -> StandInAnswer? {
        guard let other = stored.first(where: { !$0.isEmpty && $0 != call.provenance }) else { return nil }
        return .grafana(
            state.version < .v11 ? 500 : 409, "cannot change provenance from '\(other)' to '\(call.provenance)'")
    }

    // MARK: Contact points

    /// Settings that are stored but never shown.
    private static let secretSettings: Set = [
        "url", "token", "password", "integrationKey", "authorization_credentials", "bottoken", "apiKey",
        "client_secret",
    ]
    /// Types whose address is not a secret.
    private static let openAddresses: Set = ["webhook", "prometheus-alertmanager", "email"]

    private static func redacted(_ point: JSONValue) -> JSONValue {
        func hide(_ value: JSONValue) -> JSONValue {
            guard let members = value.object else { return value }
            return .object(
                Dictionary(
                    members.map { name, value in
                        let isOpen = name == "url" && openAddresses.contains(point["type"]?.text ?? "")
                        let isSecret = secretSettings.contains(name) && !isOpen && value.text?.isEmpty == false
                        return (name, isSecret ? "[REDACTED]" : hide(value))
                    }
                ) { $1 })
        }
        var shown = point
        shown["settings"] = hide(point["settings"] ?? [:])
        return shown
    }

    private static func exported(_ point: JSONValue) -> JSONValue {
        [
            "uid": point["uid"] ?? "", "type": point["type"] ?? "", "settings": point["settings"] ?? [:],
            "disableResolveMessage": point["disableResolveMessage"] ?? false,
        ]
    }

    private static var contactPoints: [GrafanaRoute] {
        let path = "v1/provisioning/contact-points"
        return [
            GrafanaRoute(.admin, in: "GET", path) { _, organization, call in
                let name = call.request.query["name"]
                return .json(
                    200,
                    .array(
                        organization.contactPoints.filter { name == nil || $0["name"]?.text == name }.map(redacted)))
            },
            GrafanaRoute(.admin, in: "GET", "\(path)/export") { state, organization, call in
                guard state.version.exportsContactPoints else { return .grafana(404, "Not found") }
                // The format of provisioning files. An Admin can see the secrets only here.
                let isOpen = call.request.query["decrypt"] == "true"
                guard !isOpen || !state.hidesSecrets else {
                    return .json(
                        403,
                        [
                            "accessErrorId": "ACE0000000002", "title": "Access denied",
                            "message": .string(
                                "You'll need additional permissions to perform this action. Permissions needed: "
                                    + "alert.provisioning.secrets:read"),
                        ])
                }
                // Receivers with the same name form one contact point.
                let names = organization.contactPoints.compactMap { $0["name"]?.text }
                let points = names.enumerated().filter { names.firstIndex(of: $0.element) == $0.offset }.map {
                    _, name in
                    JSONValue.object([
                        "orgId": JSONValue(organization.id), "name": .string(name),
                        "receivers": .array(
                            organization.contactPoints.filter { $0["name"]?.text == name }
                                .map { exported(isOpen ? $0 : redacted($0)) }),
                    ])
                }
                return .json(200, ["apiVersion": 1, "contactPoints": .array(points)])
            },
            GrafanaRoute(.admin, in: "POST", path) { state, organization, call in
                var point = call.body
                guard point["name"]?.text?.isEmpty == false, point["type"]?.text != nil, point["settings"] != nil else {
                    return .grafana(400, "invalid contact point: name, type and settings are required")
                }
                if (point["uid"]?.text ?? "").isEmpty { point["uid"] = .string(state.nextUID()) }
                guard !organization.contactPoints.contains(where: { $0["uid"] == point["uid"] }) else {
                    return .grafana(state.version < .v11 ? 500 : 400, "receiver configuration with UID already exists")
                }
                point["provenance"] = .string(call.provenance)
                organization.contactPoints.append(point)
                return .json(202, redacted(point))
            },
            GrafanaRoute(.admin, in: "PUT", "\(path)/*") { state, organization, call in
                guard
                    let index = organization.contactPoints.firstIndex(where: {
                        $0["uid"]?.text == call.parameters[0]
                    })
                else { return .grafana(state.version < .v10 ? 500 : 404, "contact point not found") }
                let known = organization.contactPoints[index]
                if let refusal = refusal(of: call, stored: [known["provenance"]?.text ?? ""], state) { return refusal }
                var point = call.body
                point["uid"] = .string(call.parameters[0])
                point["provenance"] = .string(call.provenance)
                organization.contactPoints[index] = point
                return .json(202, ["message": "contactpoint updated"])
            },
            GrafanaRoute(.admin, in: "DELETE", "\(path)/*") { _, organization, call in
                organization.contactPoints.removeAll { $0["uid"]?.text == call.parameters[0] }
                return .json(202, ["message": "contactpoint deleted"])
            },
        ]
    }

    // MARK: The tree of policies

    private static var policies: [GrafanaRoute] {
        [
            GrafanaRoute(.admin, in: "GET", "v1/provisioning/policies") { _, organization, _ in
                .json(200, organization.policies)
            },
            GrafanaRoute(.admin, in: "PUT", "v1/provisioning/policies") { state, organization, call in
                let stored = organization.policies["provenance"]?.text ?? ""
                if let refusal = refusal(of: call, stored: [stored], state) { return refusal }
                guard call.body["receiver"]?.text?.isEmpty == false else {
                    return .grafana(400, "invalid object specification: root route must specify a default receiver")
                }
                let receivers = Set(organization.contactPoints.compactMap { $0["name"]?.text })
                let timings = Set(organization.muteTimings.compactMap { $0["name"]?.text })
                if let unknown = unknownName(in: call.body, receivers, timings) {
                    return .grafana(400, "invalid object specification: \(unknown) does not exist")
                }
                organization.policies = call.body
                organization.policies["provenance"] = .string(call.provenance)
                return .json(202, ["message": "policies updated"])
            },
            GrafanaRoute(.admin, in: "DELETE", "v1/provisioning/policies") { _, organization, _ in
                organization.policies = GrafanaOrganization.defaultPolicies
                return .json(202, ["message": "notification policies reset"])
            },
        ]
    }

    private static func unknownName(in route: JSONValue, _ receivers: Set<String>, _ timings: Set<String>) -> String? {
        if let name = route["receiver"]?.text, !name.isEmpty, !receivers.contains(name) { return "receiver '\(name)'" }
        for list in ["mute_time_intervals", "active_time_intervals"] {
            for name in (route[list]?.array ?? []).compactMap(\.text) where !timings.contains(name) {
                return "time interval '\(name)'"
            }
        }
        return (route["routes"]?.array ?? []).lazy.compactMap { unknownName(in: $0, receivers, timings) }.first
    }

    // MARK: Mute timings and templates

    private static var muteTimings: [GrafanaRoute] {
        let path = "v1/provisioning/mute-timings"
        return [
            GrafanaRoute(.admin, in: "GET", path) { _, organization, _ in .json(200, .array(organization.muteTimings))
            },
            GrafanaRoute(.admin, in: "GET", "\(path)/*") { _, organization, call in
                organization.muteTimings.first { $0["name"]?.text == call.parameters[0] }.map { .json(200, $0) }
                    ?? .grafana(404, "mute timing not found")
            },
            GrafanaRoute(.admin, in: "POST", path) { state, organization, call in
                guard let name = call.body["name"]?.text, !name.isEmpty else {
                    return .grafana(400, "name is required")
                }
                guard !organization.muteTimings.contains(where: { $0["name"]?.text == name }) else {
                    return .grafana(state.version < .v11 ? 400 : 409, "a mute timing with this name already exists")
                }
                organization.muteTimings.append(stamped(call.body, call, state))
                return .json(201, stamped(call.body, call, state))
            },
            GrafanaRoute(.admin, in: "PUT", "\(path)/*") { state, organization, call in
                guard
                    let index = organization.muteTimings.firstIndex(where: { $0["name"]?.text == call.parameters[0] })
                else { return .grafana(404, "mute timing not found") }
                let known = organization.muteTimings[index]
                if let refusal = refusal(of: call, stored: [known["provenance"]?.text ?? ""], state) { return refusal }
                guard matches(call.body["version"], known["version"]) else { return .grafana(409, "version conflict") }
                var timing = call.body
                timing["name"] = .string(call.parameters[0])
                organization.muteTimings[index] = stamped(timing, call, state)
                return .json(202, organization.muteTimings[index])
            },
        ]
    }

    private static var templates: [GrafanaRoute] {
        let path = "v1/provisioning/templates"
        return [
            GrafanaRoute(.admin, in: "GET", path) { state, organization, _ in
                if organization.templates.isEmpty, state.version < .v11 { return .grafana(404, "Not found") }
                return .json(200, .array(organization.templates))
            },
            GrafanaRoute(.admin, in: "GET", "\(path)/*") { _, organization, call in
                organization.templates.first { $0["name"]?.text == call.parameters[0] }.map { .json(200, $0) }
                    ?? .grafana(404, "template not found")
            },
            GrafanaRoute(.admin, in: "PUT", "\(path)/*") { state, organization, call in
                guard let text = call.body["template"]?.text, !text.isEmpty else {
                    return .grafana(400, "invalid template: template must have content")
                }
                let index = organization.templates.firstIndex { $0["name"]?.text == call.parameters[0] }
                if let index {
                    let known = organization.templates[index]
                    if let refusal = refusal(of: call, stored: [known["provenance"]?.text ?? ""], state) {
                        return refusal
                    }
                    guard matches(call.body["version"], known["version"]) else {
                        return .grafana(409, "version conflict")
                    }
                }
                let template = stamped(["name": .string(call.parameters[0]), "template": .string(text)], call, state)
                if let index {
                    organization.templates[index] = template
                } else {
                    organization.templates.append(template)
                }
                return .json(202, template)
            },
        ]
    }

    /// Returns true if the versions match, or the given version is missing or empty, which disables the check.
    private static func matches(_ given: JSONValue?, _ stored: JSONValue?) -> Bool {
        guard let given = given?.text, !given.isEmpty else { return true }
        return given == stored?.text
    }

    private static func stamped(_ value: JSONValue, _ call: GrafanaCall, _ state: GrafanaState) -> JSONValue {
        var value = value.removing(["version"])
        value["provenance"] = .string(call.provenance)
        if state.version >= .v11 { value["version"] = .string(String(UInt(bitPattern: value.hashValue), radix: 16)) }
        return value
    }
}

extension GrafanaOrganization {
    fileprivate func rules(of group: String, in folder: String) -> [JSONValue] {
        rules.filter { $0["folderUID"]?.text == folder && $0["ruleGroup"]?.text == group }
    }
}
