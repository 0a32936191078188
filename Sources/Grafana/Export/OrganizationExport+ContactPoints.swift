internal import BackupRepository
internal import Documents
internal import HTTP

/// Contact points: the documents have "[REDACTED]" in the place of each secret, in every mode.
extension OrganizationExport {
    func contactPoints() throws {
        let points = try whole(["v1", "provisioning", "contact-points"])
        let shown = try receiversWithSecrets(points.filter { !Self.secretFields(of: $0).isEmpty })
        var taken: Set<String> = []
        for point in points {
            let (uid, label) = (point["uid"]?.text ?? "", point["name"]?.text ?? "")
            // Grafana's initial one may have no uid.
            let key = uid.isEmpty ? label : uid
            guard taken.insert(key).inserted else { continue }
            let path = "contact-points/\(DocumentTree.name(for: key)).json"
            try write(path, point.removing(["version"]))
            findings.count("contact points")
            let settings = shown.first { $0.isOf(point) }?.settings
            let missing = Self.secretFields(of: point).filter { field in
                guard let value = ContactSettings.value(field, in: settings)?.text, value != ContactSettings.redacted
                else { return true }
                findings.keep("organization/\(id)/contact-point/\(key)/\(field)", secret: value)
                return false
            }
            guard !missing.isEmpty else { continue }
            findings.withhold(
                Withheld(
                    path: "\(folder)/\(path)", object: "contact point '\(label)' (\(uid)) of organisation '\(name)'",
                    secrets: missing.map { "contact-point/\(key)/\($0)" }))
            if !shown.isEmpty { findings.refuseSecrets(of: name, "Grafana redacts them for these credentials") }
        }
    }

    static func secretFields(of point: JSONValue) -> [String] { GrafanaDocument.redacted(point["settings"] ?? [:]) }

    /// One part of a contact point with its secrets, as the export for provisioning files has it.
    struct Receiver {
        var contactPoint: String
        var uid: String
        var type: String
        var settings: JSONValue

        func isOf(_ point: JSONValue) -> Bool {
            let uid = point["uid"]?.text ?? ""
            guard type == point["type"]?.text else { return false }
            return uid.isEmpty ? self.uid.isEmpty && contactPoint == point["name"]?.text : self.uid == uid
        }
    }

    /// The receivers with their secrets in the clear; empty if Grafana does not show them. They are kept in memory.
    /// - Parameter points: contact points that have secrets.
    private func receiversWithSecrets(_ points: [JSONValue]) throws -> [Receiver] {
        guard !points.isEmpty else { return [] }
        switch secrets {
        case .never: return []
        case .withheldUnencrypted:
            findings.leaveUnencrypted(points.count)
            return []
        case .taken: break
        }
        let answer = try api.perform(Self.decryption(in: header))
        guard answer.isSuccess else {
            // Grafana before 10.1 has no such call: this is so every time, and `dr doctor` reports it.
            if answer.status != 404 { findings.refuseSecrets(of: name, "Grafana answers \(answer.status)") }
            return []
        }
        guard let value = try? answer.json() else {
            findings.refuseSecrets(of: name, "the answer to their export is not JSON")
            return []
        }
        return (value["contactPoints"]?.array ?? []).flatMap { point in
            (point["receivers"]?.array ?? []).map { receiver in
                Receiver(
                    contactPoint: point["name"]?.text ?? "", uid: receiver["uid"]?.text ?? "",
                    type: receiver["type"]?.text ?? "", settings: receiver["settings"] ?? .null)
            }
        }
    }

    static func decryption(in organization: Int?) -> GrafanaRequest {
        GrafanaRequest(
            "GET", ["v1", "provisioning", "contact-points", "export"],
            query: [("decrypt", "true"), ("format", "json")], organization: organization)
    }
}
