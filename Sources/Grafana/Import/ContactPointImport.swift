internal import BackupRepository
internal import Documents
internal import HTTP

/// Contact points. A document has "[REDACTED]" in the place of a secret, which the API would store as the secret. The
/// secret comes from the configuration, or from the backup if that was encrypted.
///
/// One that lacks a secret is not created: it would look correct and notify no one. In a drill it is created with a
/// placeholder, so that objects that refer to it are restored too. An existing one in the target keeps its secrets.
extension OrganizationContent {
    /// - Returns: names of contact points that do not exist.
    func importContactPoints() async throws -> Set<String> {
        var absent: Set<String> = []
        var there: Set<String> = []
        for path in try await documents("contact-points") {
            guard let document = try await run.document("contact point", path) else { continue }
            let name = document.text("name")
            let title = organization.naming("\(name)' of type '\(document.text("type"))", uid: document.text("uid"))
            let isThere = try await run.settle("contact point", named: title) { try await planContactPoint(document) }
            if isThere { there.insert(name) } else { absent.insert(name) }
        }
        // In a conflict, a contact point of that name exists anyway.
        there.formUnion(try await run.reading { try await list(["contact-points"]) }.map { $0.text("name") })
        return absent.subtracting(there)
    }

    private func planContactPoint(_ document: JSONValue) async throws -> Plan {
        let uid = document.text("uid")
        let present = try await list(["contact-points"])
        guard let current = present.first(where: { !uid.isEmpty && $0.text("uid") == uid }) else {
            return try planNewContactPoint(document, present)
        }
        guard current.text("type") == document.text("type") else {
            throw Obstacle.conflict("its uid belongs to '\(current.text("name"))' of type '\(current.text("type"))'")
        }
        let isSame =
            ContactSettings.alike(document["settings"], current["settings"])
            && Likeness.alike(document, current, members: ["name", "disableResolveMessage"])
        if isSame, Self.hasOrigin(document, current) { return .same }
        try Self.checkOrigin(current)
        // A secret of the target is at least as new as that of the backup.
        let given = filled(document) { configured(document, $0) }
        // A missing secret may be in the target; a later read shows if it can be read there.
        let unknown = given.missing.filter {
            !ContactSettings.has($0, in: current["settings"]) && stored(document, $0) == nil
        }
        guard unknown.isEmpty else {
            throw Obstacle(
                .failed, "not changed: it would lack secrets",
                missingSecrets: unknown.map { secretName(document, $0) })
        }
        return .update {
            var settings = given.settings
            if !given.missing.isEmpty { settings = try await keepingSecrets(of: current, in: document, given.missing) }
            try await write(
                "PUT", ["v1", "provisioning", "contact-points", uid], body: Self.form(document, settings),
                headers: Self.headers(document, current))
            return []
        }
    }

    private func planNewContactPoint(_ document: JSONValue, _ present: [JSONValue]) throws -> Plan {
        let uid = document.text("uid")
        // An operator who made it again gave it another uid.
        let twins = present.filter { Likeness.alike($0, document, members: ["name", "type"]) }
        if let twin = twins.first(where: { ContactSettings.alike(document["settings"], $0["settings"]) }) {
            let other = twin.text("uid")
            return Plan(outcome: .same, details: other == uid ? [] : ["under the uid '\(other)'"])
        }
        // Grafana's own contact point has no uid, and cannot be changed through this API.
        if uid.isEmpty, let own = twins.first {
            throw Obstacle.conflict("differs, and has no uid to change it by: change '\(own.text("name"))' in Grafana")
        }
        let given = filled(document) { configured(document, $0) ?? stored(document, $0) }
        let names = given.missing.map { secretName(document, $0) }
        guard given.missing.isEmpty || run.secrets.placeholder != nil else {
            let reasons = names.compactMap { run.secrets.obstacle($0, organization: organization.source) }
            let detail = "skipped: without its secrets it would notify no one; give them and run this again"
            throw Obstacle(.failed, ([detail] + reasons).joined(separator: "; "), missingSecrets: names)
        }
        var plan = Plan.create(Self.origin(document)) {
            try await write(
                "POST", ["v1", "provisioning", "contact-points"], body: Self.form(document, given.settings),
                headers: Self.headers(document, nil))
            return []
        }
        plan.missingSecrets = names
        if !names.isEmpty { plan.details.append("with a placeholder for its secrets: it notifies no one") }
        return plan
    }

    private static func form(_ document: JSONValue, _ settings: JSONValue) -> JSONValue {
        document.keeping((document.text("uid").isEmpty ? [] : ["uid"]) + ["name", "type", "disableResolveMessage"])
            .merging(["settings": settings])
    }

    // MARK: Secrets

    private func secretName(_ document: JSONValue, _ field: String) -> String {
        "contact-point/\(document.text(document.text("uid").isEmpty ? "name" : "uid"))/\(field)"
    }

    private func filled(
        _ document: JSONValue, secret: (String) -> String?
    ) -> (settings: JSONValue, missing: [String]) {
        ContactSettings.filled(
            document["settings"] ?? .null, placeholder: run.secrets.placeholder, secret: secret)
    }

    /// The secret from the configuration.
    private func configured(_ document: JSONValue, _ field: String) -> String? {
        run.secrets.value(secretName(document, field), organization: organization.source)
    }

    /// The secret from the backup.
    private func stored(_ document: JSONValue, _ field: String) -> String? {
        run.secrets.storedValue(secretName(document, field), organization: organization.source)
    }

    /// The settings of the backup, with the secrets of the target, which shows them to its Admin, decrypted. They are
    /// only held in memory.
    private func keepingSecrets(of current: JSONValue, in document: JSONValue, _ fields: [String]) async throws
        -> JSONValue
    {
        let uid = document.text("uid")
        let answer: JSONValue?
        do {
            let call = OrganizationExport.decryption(in: nil)
            answer = try await read(call.segments, query: call.query)
        } catch let error as GrafanaAPIError where error.reason != .unreachable { answer = nil }
        let receivers = (answer?["contactPoints"]?.array ?? []).flatMap { $0["receivers"]?.array ?? [] }
        let decrypted = receivers.first { $0.text("uid") == uid }?["settings"]
        let kept = ContactSettings.filled(document["settings"] ?? .null) { field in
            if let given = configured(document, field) { return given }
            let present = ContactSettings.value(field, in: decrypted)?.text
            return present.flatMap { $0 == ContactSettings.redacted || $0.isEmpty ? nil : $0 }
                ?? stored(document, field)
        }
        guard kept.missing.isEmpty else {
            throw Obstacle(
                .conflict,
                "differs, and was not changed: these credentials cannot read its secrets, which an update needs",
                missingSecrets: kept.missing.map { secretName(document, $0) })
        }
        return kept.settings
    }
}

/// The settings of a contact point, in which secrets are redacted. A field within another is named "outer.inner", one
/// within a list by its position: "headers.0".
enum ContactSettings {
    static let redacted = "[REDACTED]"

    /// True if settings are the same, as far as they are visible.
    static func alike(_ document: JSONValue?, _ current: JSONValue?) -> Bool {
        if document?.text == redacted { return !Likeness.isZero(current) }
        if case .array(let wanted)? = document, case .array(let present)? = current {
            return wanted.count == present.count && zip(wanted, present).allSatisfy { alike($0, $1) }
        }
        guard case .object(let wanted)? = document, case .object(let present)? = current else {
            return Likeness.isZero(document) && Likeness.isZero(current) || Likeness.alike(document, current)
        }
        return Set(wanted.keys).union(present.keys).allSatisfy { alike(wanted[$0], present[$0]) }
    }

    static func value(_ field: String, in settings: JSONValue?) -> JSONValue? {
        field.split(separator: ".").reduce(settings) { value, key in
            guard let elements = value?.array else { return value?[String(key)] }
            return Int(key).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        }
    }

    static func has(_ field: String, in settings: JSONValue?) -> Bool { !Likeness.isZero(value(field, in: settings)) }

    /// Puts secrets in the redacted places. Missing ones are omitted, or replaced by the placeholder.
    static func filled(
        _ settings: JSONValue, placeholder: String? = nil, secret: (String) -> String?
    ) -> (settings: JSONValue, missing: [String]) {
        var missing: [String] = []
        func filled(_ value: JSONValue, _ field: String) -> JSONValue? {
            if value.text == redacted {
                if let secret = secret(field) { return .string(secret) }
                missing.append(field)
                return placeholder.map { .string($0) }
            }
            let prefix = field.isEmpty ? "" : "\(field)."
            switch value {
            case .array(let elements):
                return .array(elements.enumerated().compactMap { filled($0.element, "\(prefix)\($0.offset)") })
            case .object(let members):
                var result: [String: JSONValue] = [:]
                for (key, member) in members { result[key] = filled(member, "\(prefix)\(key)") }
                return .object(result)
            default: return value
            }
        }
        let result = filled(settings, "") ?? .null
        return (result, missing.sorted())
    }
}
