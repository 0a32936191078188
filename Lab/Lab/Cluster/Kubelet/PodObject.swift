internal import Documents

/// The object of a pod as the API server stores it.
struct PodObject: Sendable {
    let object: JSONValue

    private var metadata: JSONValue { object["metadata"] ?? [:] }
    var spec: JSONValue { object["spec"] ?? [:] }
    var uid: String { metadata["uid"]?.text ?? "" }
    var name: String { metadata["name"]?.text ?? "" }
    var namespace: String { metadata["namespace"]?.text ?? "default" }
    var node: String? { spec["nodeName"]?.text }
    var phase: String { object["status"]?["phase"]?.text ?? "Pending" }
    var isTerminal: Bool { ["Succeeded", "Failed"].contains(phase) }

    var isBeingDeleted: Bool { metadata["deletionTimestamp"]?.text != nil }
    /// The seconds between SIGTERM and SIGKILL.
    var gracePeriod: Int {
        metadata["deletionGracePeriodSeconds"]?.integer ?? spec["terminationGracePeriodSeconds"]?.integer ?? 30
    }
    var restartPolicy: String { spec["restartPolicy"]?.text ?? "Always" }
    var containers: [JSONValue] { spec["containers"]?.array ?? [] }
    var initContainers: [JSONValue] { spec["initContainers"]?.array ?? [] }
    var volumes: [JSONValue] { spec["volumes"]?.array ?? [] }
    var securityContext: JSONValue { spec["securityContext"] ?? [:] }

    var path: String { "/api/v1/namespaces/\(namespace)/pods/\(name)" }

    /// The value of a field for the downward API; nil if the kubelet does not offer it.
    func field(_ path: String) -> String? {
        for (prefix, key) in [("metadata.labels['", "labels"), ("metadata.annotations['", "annotations")]
        where path.hasPrefix(prefix) && path.hasSuffix("']") {
            return metadata[key]?[String(path.dropFirst(prefix.count).dropLast(2))]?.text ?? ""
        }
        switch path {
        case "metadata.name": return name
        case "metadata.namespace": return namespace
        case "metadata.uid": return uid
        case "metadata.labels": return Self.lines(metadata["labels"])
        case "metadata.annotations": return Self.lines(metadata["annotations"])
        case "spec.nodeName": return node ?? ""
        case "spec.serviceAccountName": return spec["serviceAccountName"]?.text ?? "default"
        case "status.hostIP", "status.podIP", "status.hostIPs", "status.podIPs": return "127.0.0.1"
        default: return nil
        }
    }

    private static func lines(_ members: JSONValue?) -> String {
        (members?.object ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key)=\(String(decoding: $0.value.compact, as: UTF8.self))\n" }.joined()
    }
}

/// A reason why the kubelet cannot start a pod or a container yet.
struct NotReady: Error {
    /// The reason of the event.
    var event: String
    /// The reason of the container's waiting state.
    var reason: String
    var message: String
    var component = "kubelet"
}
