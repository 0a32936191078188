import Components
import Documents

/// A service of a namespace, with the ports at which servers may answer.
struct NamespaceService: Sendable {
    struct Port: Equatable, Sendable {
        var name: String
        var number: Int
        /// The port in the pod: its number or its name.
        var target: JSONValue
        var usesTLS: Bool
    }

    let name: String
    /// Empty for a service without pods.
    let selector: [String: String]
    let ports: [Port]
    /// True if the service has no address.
    let isHeadless: Bool

    init?(_ object: JSONValue) {
        guard let name = object["metadata"]?["name"]?.text else { return nil }
        self.name = name
        selector = (object["spec"]?["selector"]?.object ?? [:]).compactMapValues(\.text)
        isHeadless = object["spec"]?["clusterIP"] == "None"
        ports = (object["spec"]?["ports"]?.array ?? []).compactMap { port in
            guard let number = port["port"]?.integer, (1...65535).contains(number),
                port["protocol"].map({ $0 == "TCP" }) ?? true
            else { return nil }
            let name = port["name"]?.text ?? ""
            return Port(
                name: name, number: number, target: port["targetPort"] ?? JSONValue(number),
                usesTLS: name == "https" || port["appProtocol"] == "https")
        }
    }

    /// True if the service leads to the pods of a workload.
    func leads(to workload: ServedWorkload) -> Bool {
        !selector.isEmpty && selector.allSatisfy { workload.labels[$0.key] == $0.value }
    }

    /// The port of a known server: the one of its start arguments, or else the most likely one.
    func port(for listening: Int, of container: ServedWorkload.Container) -> Port? {
        port(at: listening, of: [container])
            ?? ports.first { ["http", "https", "web", "http-web", "http-metrics", "service"].contains($0.name) }
            ?? (ports.count == 1 ? ports.first : nil)
    }

    /// The port that leads to a port of the pod, or that has its number.
    func port(at listening: Int, of containers: [ServedWorkload.Container]) -> Port? {
        ports.first { port in
            if let number = port.target.integer { return number == listening }
            guard let name = port.target.text else { return false }
            return containers.contains { $0.ports[name] == listening }
        } ?? ports.first { $0.number == listening }
    }
}
