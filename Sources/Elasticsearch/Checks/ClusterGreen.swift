internal import Components
internal import Documents

/// The shards of the component's indices: all must be assigned, except replicas for which there are too few data nodes.
struct ClusterGreen: RecoveryCheck {
    let name = "elasticsearch_green"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    private let api: ElasticsearchAPI
    /// A multi-index expression.
    private let indices: String
    var target: String { "green, or yellow because of too few data nodes" }

    init(_ subject: CheckedComponent, _ api: ElasticsearchAPI, indices: String) {
        self.subject = subject
        self.api = api
        self.indices = indices
    }

    func measure() throws -> Measurement {
        let health = try api.shards(of: indices)
        let status = health["status"]?.text ?? "unknown"
        let found = health["indices"]?.object ?? [:]
        // If a pattern matches no index, no shard is unassigned, and the answer is green.
        if let expected = subject.facts?["indices"], expected != "0", found.isEmpty {
            return .failed("no index", "the set has \(expected), and no index here matches \(indices)")
        }
        let bad = found.filter { $0.value["status"]?.text != "green" }
        let names = bad.map { "\($0.key) is \($0.value["status"]?.text ?? "unknown")" }.sorted().prefix(5)
        // A cluster of one node with one replica is always yellow, and was so at the backup.
        let nodes = health["number_of_data_nodes"]?.integer ?? Int.max
        let lacksNodes = bad.values.allSatisfy { index in
            index["status"]?.text == "yellow" && (index["number_of_replicas"]?.integer ?? 0) >= nodes
        }
        if status == "yellow", !bad.isEmpty, lacksNodes {
            return .passed(status, "all data are present; replicas need more data nodes than \(nodes)")
        }
        return .judged(
            status == "green", status,
            otherwise: names.isEmpty ? "no index matches \(indices)" : names.joined(separator: "; "))
    }
}
