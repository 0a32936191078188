internal import Documents

/// The answer of `/api/v2/status`: version, cluster, and the configuration that the server runs with.
package struct AlertmanagerStatus: Equatable, Sendable {
    /// "0.25.0"; empty if the server does not report it.
    package var version: String
    /// "ready", "settling", or "disabled" where the server is not part of a cluster.
    package var cluster: String
    /// Addresses of the cluster's members. Their names change at each start and are not kept.
    package var peers: [String]
    /// Its text, in which Alertmanager writes `<secret>` for most secrets.
    package var configuration: RunningConfiguration
    /// The time when the server was started, as it writes it.
    package var started: String

    /// - Returns: nil for an answer that is not Alertmanager's.
    init?(_ value: JSONValue) {
        guard let cluster = value["cluster"]?["status"]?.text, let text = value["config"]?["original"]?.text else {
            return nil
        }
        version = value["versionInfo"]?["version"]?.text ?? ""
        self.cluster = cluster
        peers = (value["cluster"]?["peers"]?.array ?? []).compactMap { $0["address"]?.text }.sorted()
        configuration = RunningConfiguration(text)
        started = value["uptime"]?.text ?? ""
    }

    /// True if the members of the cluster know each other, and for a server outside of any cluster.
    package var isSettled: Bool { cluster == "ready" || cluster == "disabled" }

    /// The parts that another start of the same server does not change.
    var document: JSONValue {
        [
            "version": .string(version),
            "cluster": ["status": .string(cluster), "peers": .array(peers.map { .string($0) })],
        ]
    }
}
