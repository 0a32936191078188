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
    var target: String { "green, or yellow for want of data nodes" }

    init(_ subject: CheckedComponent, _ api: ElasticsearchAPI, indices: String) {
        self.subject = subject
        self.api = api
        self.indices = indices
    }

    func measure() throws -> Measurement {
        let health = try api.shards(of: indices)
        let status = health["status"]?.text ?? "unknown"
        let found = health["indices"]?.object ?? [:]
        // Where a pattern finds nothing, nothing is unassigned, and the answer is green.
        if let expected = subject.facts?["indices"], expected != "0", found.isEmpty {
            return .failed("no index", "the set has \(expected), and none here answers to \(indices)")
        }
        let bad = found.filter { $0.value["status"]?.text != "green" }
        let names = bad.map { "\($0.key) is \($0.value["status"]?.text ?? "unknown")" }.sorted().prefix(5)
        // A cluster of one node with one replica is yellow for ever, and was so when it was backed up.
        let nodes = health["number_of_data_nodes"]?.integer ?? Int.max
        let lacksNodes = bad.values.allSatisfy { index in
            index["status"]?.text == "yellow" && (index["number_of_replicas"]?.integer ?? 0) >= nodes
        }
        if status == "yellow", !bad.isEmpty, lacksNodes {
            return .passed(status, "all data are there; replicas wait for more data nodes than \(nodes)")
        }
        return .judged(
            status == "green", status,
            otherwise: names.isEmpty ? "no index answers to \(indices)" : names.joined(separator: "; "))
    }
}
