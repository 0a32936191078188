internal import BackupRepository
internal import Documents
internal import Synchronization

/// Data sources, correlations, and all of alerting.
extension OrganizationExport {
    func exportDataSources() async throws {
        let uids = Mutex([String]())
        try await part("data-sources") {
            let all = try whole(["datasources"]).compactMap { $0["uid"]?.text }
            uids.withLock { $0 = all }
            findings.wasListed("data sources")
        }
        let path = { @Sendable (uid: String) in "data-sources/\(DocumentTree.name(for: uid)).json" }
        try await each("data sources", in: uids.withLock { $0 }, path: { "\(folder)/\(path($0))" }) { uid in
            let source = try get(["datasources", "uid", uid])
            try write(path(uid), GrafanaDocument.dataSource(source))
            let fields = (source["secureJsonFields"]?.object ?? [:]).filter { $0.value == true }.keys.sorted()
            guard !fields.isEmpty else { return }
            findings.withhold(
                Withheld(
                    path: "\(folder)/\(path(uid))",
                    object: "data source '\(source["name"]?.text ?? uid)' of organisation '\(name)'",
                    secrets: fields.map { "data-source/\(uid)/\($0)" }))
        }
    }

    func correlations() throws {
        let shape = GrafanaAPI.ListShape(["correlations"], size: "limit", limit: 100)
        var taken: Set<String> = []
        let all = try list(["datasources", "correlations"], shape, identity: "uid", "sourceUID")
        for correlation in all.sorted(by: { ($0["uid"]?.text ?? "") < ($1["uid"]?.text ?? "") }) {
            let label = ["sourceUID", "targetUID", "label"].map { correlation[$0]?.text ?? "" }.joined(separator: "-")
            // Grafana allows two of one label.
            var name = label
            var number = 2
            while !taken.insert(name).inserted {
                name = "\(label)-\(number)"
                number += 1
            }
            try write(
                "correlations/\(DocumentTree.name(for: name)).json",
                correlation.removing(["uid", "orgId", "provisioned"])
            )
            findings.count("correlations")
        }
    }

    // MARK: Alerting

    func exportRules() async throws {
        let groups = Mutex([String: (folder: String, group: String)]())
        try await part("alert-rules") {
            // The list of rules lacks the interval of their groups, which only the groups have.
            for rule in try whole(["v1", "provisioning", "alert-rules"]) {
                guard let folder = rule["folderUID"]?.text, let group = rule["ruleGroup"]?.text else { continue }
                let path = "alert-rules/\(DocumentTree.name(for: folder))/\(DocumentTree.name(for: group)).json"
                groups.withLock { $0[path] = (folder, group) }
            }
        }
        let all = groups.withLock { $0 }
        try await each("alert rule groups", in: all.keys.sorted(), path: { "\(folder)/\($0)" }) { path in
            guard let (uid, group) = all[path] else { return }
            let found = try get(["v1", "provisioning", "folder", uid, "rule-groups", group])
            try write(path, GrafanaDocument.ruleGroup(found))
        }
    }

    func policies() throws {
        try write("notification-policies.json", try get(["v1", "provisioning", "policies"]))
    }

    func muteTimings() throws {
        for timing in try whole(["v1", "provisioning", "mute-timings"]) {
            guard let name = timing["name"]?.text else { continue }
            try write("mute-timings/\(DocumentTree.name(for: name)).json", timing.removing(["version"]))
            findings.count("mute timings")
        }
    }

    func templates() throws {
        for template in try whole(["v1", "provisioning", "templates"]) {
            guard let name = template["name"]?.text else { continue }
            try write("templates/\(DocumentTree.name(for: name)).json", template.removing(["version"]))
            findings.count("templates")
        }
    }
}
