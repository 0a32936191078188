internal import BackupRepository
internal import Documents

extension OrganizationContent {
    /// An import cannot give a correlation an identity: the two sources and the label identify it.
    func importCorrelations() async throws {
        for path in try await documents("correlations") {
            try await run.settle("correlation", document: path) {
                organization.naming("\($0.text("label")) from \($0.text("sourceUID")) to \($0.text("targetUID"))")
            } _: {
                try await planCorrelation($0)
            }
        }
    }

    private func planCorrelation(_ document: JSONValue) async throws -> Plan {
        let source = document.text("sourceUID")
        let fields = ["description", "config", "type"]
        let identity = ["sourceUID", "targetUID", "label"]
        let present = try await presentCorrelations().filter { Likeness.alike($0, document, members: identity) }
        if present.contains(where: { Likeness.alike($0, document, members: fields) }) { return .same }
        let form = document.keeping(fields + ["label"])
        guard let current = present.first else {
            return .create {
                try await write(
                    "POST", ["datasources", "uid", source, "correlations"],
                    body: form.merging(document.keeping(["targetUID"])))
                return []
            }
        }
        guard current["provisioned"]?.bool != true else {
            throw Obstacle.conflict("differs, and comes from a provisioning file: change it there")
        }
        return .update {
            try await write("PATCH", ["datasources", "uid", source, "correlations", current.text("uid")], body: form)
            return []
        }
    }

    private func presentCorrelations() async throws -> [JSONValue] {
        guard target != nil else { return [] }
        return try await server.list(
            ["datasources", "correlations"], GrafanaAPI.ListShape(["correlations"], size: "limit", limit: 100),
            organization: target)
    }
}
