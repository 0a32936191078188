internal import BackupRepository
internal import Documents

/// All alerting objects, one write at a time: Grafana keeps them in one configuration, and refuses parallel writers.
extension OrganizationContent {
    func importAlerting() async throws {
        try await importMuteTimings()
        try await importTemplates()
        let pending = try await importContactPoints()
        try await importPolicies(pending)
        try await importRuleGroups()
    }

    func list(_ segments: [String]) async throws -> [JSONValue] {
        try await read(["v1", "provisioning"] + segments)?.array ?? []
    }

    /// The header of a write that decides if the object can be edited afterwards. Any value of the header means
    /// "editable in Grafana", as for an object that was made there. Without it the object can only be changed through
    /// the API.
    static func headers(_ document: JSONValue, _ current: JSONValue?) -> [(name: String, value: String)] {
        // Grafana refuses to remove "api" from an object.
        let isAPI = document.text("provenance") == "api" || current?.text("provenance") == "api"
        return isAPI ? [] : [("X-Disable-Provenance", "true")]
    }

    /// - Throws: ``Obstacle`` if a file provides the object in the target.
    static func checkOrigin(_ current: JSONValue) throws {
        guard current.text("provenance") == "file" else { return }
        throw Obstacle.conflict("differs, and comes from a provisioning file: change it there")
    }

    /// The report's remark on an object that is created here and came from a file.
    static func origin(_ document: JSONValue) -> [String] {
        document.text("provenance") == "file"
            ? ["came from a provisioning file, and can be edited until one provides it"] : []
    }

    /// True if it can be edited as in the backup, as far as the API allows.
    static func hasOrigin(_ document: JSONValue, _ current: JSONValue) -> Bool {
        document.text("provenance") != "api" || current.text("provenance") != ""
    }

    // MARK: Mute timings and templates

    private func importMuteTimings() async throws {
        for path in try await documents("mute-timings") {
            try await run.settle("mute timing", document: path) {
                organization.naming($0.text("name"))
            } _: { document in
                let name = document.text("name")
                let form = document.keeping(["name", "time_intervals"])
                let current = try await list(["mute-timings"]).first { $0.text("name") == name }
                return try planNamed(document, current: current, members: ["time_intervals"]) { headers in
                    if current == nil {
                        try await write("POST", ["v1", "provisioning", "mute-timings"], body: form, headers: headers)
                    } else {
                        let body = form.merging(current?.keeping(["version"]) ?? [:])
                        try await write(
                            "PUT", ["v1", "provisioning", "mute-timings", name], body: body, headers: headers)
                    }
                }
            }
        }
    }

    private func importTemplates() async throws {
        for path in try await documents("templates") {
            try await run.settle("template", document: path) {
                organization.naming($0.text("name"))
            } _: { document in
                let name = document.text("name")
                let current = try await list(["templates"]).first { $0.text("name") == name }
                return try planNamed(document, current: current, members: ["template"]) { headers in
                    let body: JSONValue = [
                        "template": document["template"] ?? "", "version": .string(current?.text("version") ?? ""),
                    ]
                    try await write("PUT", ["v1", "provisioning", "templates", name], body: body, headers: headers)
                }
            }
        }
    }

    private func planNamed(
        _ document: JSONValue, current: JSONValue?, members: [String],
        _ write: @escaping ([(name: String, value: String)]) async throws -> Void
    ) throws -> Plan {
        let headers = Self.headers(document, current)
        guard let current else {
            return .create(Self.origin(document)) {
                try await write(headers)
                return []
            }
        }
        if Likeness.alike(document, current, members: members), Self.hasOrigin(document, current) { return .same }
        try Self.checkOrigin(current)
        return .update {
            try await write(headers)
            return []
        }
    }
}
