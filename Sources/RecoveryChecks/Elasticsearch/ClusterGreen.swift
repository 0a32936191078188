internal import JSONText

/// Whether all shards of the component's indices are assigned.
struct ClusterGreen: RecoveryCheck {
    let name = "elasticsearch_green"
    var component: String? { subject.name }
    private let subject: CheckedStack.Component
    private let server: CheckedServer
    var target: String { "green" }

    init(component: CheckedStack.Component, server: CheckedServer) {
        subject = component
        self.server = server
    }

    func measure() throws -> Measurement {
        let health = try server.json("/_cluster/health/\(subject.indicesInPath)", [("level", "indices")])
        let status = health["status"]?.text ?? "unknown"
        let found = health["indices"]?.object ?? [:]
        // Where a pattern finds nothing, nothing is unassigned, and the answer is green.
        if let expected = subject.facts?["indices"], expected != "0", found.isEmpty {
            return .failed("no index", "the set has \(expected), and none here answers to \(subject.indices)")
        }
        let bad = found.filter { $0.value["status"]?.text != "green" }
        let names = bad.map { "\($0.key) is \($0.value["status"]?.text ?? "unknown")" }.sorted().prefix(5)
        return .judged(
            status == "green", status,
            names.isEmpty ? "no index answers to \(subject.indices)" : names.joined(separator: "; "))
    }
}

extension CheckedStack.Component {
    /// The multi-index expression as a part of a path.
    var indicesInPath: String {
        indices.split(separator: ",").map { CheckedServer.encoded(String($0)).replacing("%2A", with: "*") }
            .joined(separator: ",")
    }
}
