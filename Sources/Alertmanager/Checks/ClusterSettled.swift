internal import Components

/// True once the members of a cluster have exchanged their silences, or where the server is not part of a cluster.
struct ClusterSettled: RecoveryCheck {
    let name = "alertmanager_cluster_settled"
    let component: String?
    let api: AlertmanagerAPI
    var target: String { "ready or disabled" }

    func measure() throws -> Measurement {
        let status = try api.status()
        return .judged(
            status.isSettled, "\(status.cluster), \(status.peers.count) members",
            otherwise: "the members still exchange their silences: wait a minute, and check the server's log")
    }
}
