internal import BackupRepository
internal import Documents
internal import HTTP

/// The cluster that answers: its product, version and identifier.
struct ClusterIdentity: Equatable, Sendable {
    enum Product: String, Sendable { case elasticsearch = "Elasticsearch", opensearch = "OpenSearch" }

    var product: Product
    /// "8.11.3".
    var version: String
    var name: String
    /// Distinguishes a cluster from a new one of the same name.
    var uuid: String

    /// Major and minor version.
    var release: (Int, Int) {
        // A version is any text of the server: a part that is not a plain number counts as 0.
        let parts = version.split(separator: ".").map { part in
            Int(part).flatMap { 0..<1_000_000 ~= $0 ? $0 : nil } ?? 0
        }
        return (parts.first ?? 0, parts.count > 1 ? parts[1] : 0)
    }

    var description: String { "\(product.rawValue) \(version)" }

    /// The parameter for the time that a request may wait for the elected node; OpenSearch renamed it in 2.0.
    var managerTimeout: [String: String] {
        let isRenamed = product == .opensearch && release >= (2, 0)
        return [isRenamed ? "cluster_manager_timeout" : "master_timeout": "60s"]
    }

    /// Members of a snapshot or restore request that exclude system features; Elasticsearch has them from 7.12.
    var withoutFeatures: [String: JSONValue] {
        product == .elasticsearch && release >= (7, 12) ? ["feature_states": ["none"]] : [:]
    }

    /// Elasticsearch has them from 7.8. An older server takes the address for an index.
    var hasIndexTemplates: Bool { product == .opensearch || release >= (7, 8) }

    /// Refuses a cluster that cannot do the operation.
    func check(hasAPIKey: Bool, operation: String) throws {
        let oldest = product == .elasticsearch ? (7, 0) : (1, 0)
        guard release >= oldest else {
            throw ComponentError(
                .misconfigured, operation: operation, "\(description) is too old: 7.0 or newer is needed",
                hint: "upgrade it")
        }
        if product == .opensearch, hasAPIKey {
            throw ComponentError(
                .misconfigured, operation: operation, "\(description) does not support API keys",
                hint: "use username and password, or `bearer_token:`")
        }
    }
}

extension ElasticsearchAPI {
    func cluster() async throws -> ClusterIdentity {
        let answer = try await send(ElasticsearchCall("GET", [""], needs: "the cluster privilege 'monitor'"))
        guard let version = answer["version"]?["number"]?.text else {
            throw ElasticsearchAPIError(
                .notElasticsearch, operation: "GET \(location)/",
                detail: "the answer is neither Elasticsearch's nor OpenSearch's")
        }
        let isOpenSearch = answer["version"]?["distribution"]?.text == "opensearch"
        return ClusterIdentity(
            product: isOpenSearch ? .opensearch : .elasticsearch, version: version,
            name: answer["cluster_name"]?.text ?? "", uuid: answer["cluster_uuid"]?.text ?? "")
    }
}
