package import BackupRepository
internal import Documents

/// Finds indices and templates of a cluster that no component's pattern matches.
package struct ElasticsearchGaps: GapFinder {
    private let api: ElasticsearchAPI
    private let pattern: IndexPattern
    private let others: [IndexPattern]

    /// - Parameters:
    ///   - indices: the component's multi-index expression.
    ///   - others: those of other components on the same cluster.
    package init(api: ElasticsearchAPI, indices: String, others: [String] = []) {
        self.api = api
        pattern = IndexPattern(indices)
        self.others = others.map(IndexPattern.init)
    }

    package func gaps(_ surroundings: GapSurroundings) async throws -> [Gap] {
        do {
            let cluster = try await api.cluster()
            let all = try await api.indices(matching: "*").map(\.name)
            let covered = all.filter { name in pattern.matches(name) || others.contains { $0.matches(name) } }
            let missing = Set(all).subtracting(covered).sorted()
            return indices(missing) + (try await templates(of: cluster, covered: covered))
        } catch let error as ElasticsearchAPIError { throw error.asComponentError("gaps of \(api.location)") }
    }

    private func indices(_ missing: [String]) -> [Gap] {
        // Backing indices of data streams begin with a dot, as system indices do, but hold users' data.
        let system = missing.filter { $0.hasPrefix(".") && !$0.hasPrefix(".ds-") }
        let ordinary = missing.filter { !system.contains($0) }
        var gaps: [Gap] = []
        if !ordinary.isEmpty {
            gaps.append(
                Gap(
                    "\(ordinary.count) indices that '\(pattern.text)' does not match: \(Gap.list(ordinary))",
                    why: "their documents are in this cluster only",
                    remedy: "widen `indices:` of this component, or add a second one for them"))
        }
        if !system.isEmpty {
            gaps.append(
                Gap(
                    "\(system.count) system indices: \(Gap.list(system))",
                    why: "users, roles, API keys and Kibana's dashboards are in them",
                    remedy: "have the cluster store them as feature states of a snapshot policy, or keep what "
                        + "creates them in a repository"))
        }
        return gaps
    }

    private func templates(of cluster: ClusterIdentity, covered: [String]) async throws -> [Gap] {
        var all = try await api.templates(.legacyTemplate)
        if cluster.hasIndexTemplates { all += try await api.templates(.indexTemplate) }
        let missing = all.filter { template in
            // Objects that the cluster creates again have a dot or the managed mark.
            !template.name.hasPrefix(".") && template.body["_meta"]?["managed"]?.bool != true
                && !([pattern] + others).contains {
                    ClusterDocuments.belongs(template, to: covered, matching: $0)
                }
        }
        guard !missing.isEmpty else { return [] }
        return [
            Gap(
                "\(missing.count) templates: \(Gap.list(missing.map(\.name)))",
                why: "an index that is created again without its template has other mappings and settings",
                remedy: "widen `indices:` so that it matches their indices or their names")
        ]
    }
}
