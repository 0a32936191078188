internal import Documents
internal import Foundation

/// The object of a node in the API.
struct KubeletNode {
    let name: String
    /// The port of the node's own server.
    let port: UInt16
    let client: KubernetesClient

    private var path: String { "/api/v1/nodes/\(name)" }

    /// Creates the node, and sets its status.
    func register() throws {
        let node: JSONValue = [
            "apiVersion": "v1", "kind": "Node",
            "metadata": [
                "name": .string(name),
                "labels": [
                    "kubernetes.io/hostname": .string(name), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                ],
            ],
            "spec": [:],
        ]
        let answer = try client.call("POST", "/api/v1/nodes", node)
        guard answer.isSuccess || answer.status == 409 else { throw LabError("node \(name): \(answer.message)") }
        try report()
        // A real API server makes new nodes unschedulable until a controller has seen them.
        if let taints = try client.get(path).body["spec"]?["taints"]?.array, !taints.isEmpty {
            _ = try client.merge(path, ["spec": ["taints": nil]])
        }
    }

    /// Reports that the node is ready.
    func report() throws {
        let capacity: JSONValue = [
            "cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "100Gi",
        ]
        let conditions = [
            ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID"), ("Ready", "True", "KubeletReady"),
        ].map { condition($0.0, $0.1, $0.2, "kubelet is posting ready status") }
        let status: JSONValue = [
            "capacity": capacity, "allocatable": capacity, "conditions": .array(conditions),
            // Without a host name, which an API server would prefer and could not resolve.
            "addresses": [["type": "InternalIP", "address": "127.0.0.1"]],
            "daemonEndpoints": ["kubeletEndpoint": ["Port": JSONValue(Int(port))]],
            "nodeInfo": [
                "kubeletVersion": "v1.36.0", "kubeProxyVersion": "", "architecture": "amd64",
                "operatingSystem": "linux",
                "osImage": "laboratory", "kernelVersion": "6", "containerRuntimeVersion": "lab://1",
                "machineID": .string(name), "systemUUID": .string(name), "bootID": .string(name),
            ],
        ]
        let answer = try client.merge("\(path)/status", ["status": status])
        guard answer.isSuccess else { throw LabError("node \(name): \(answer.message)") }
    }

    /// Marks the node and its pods as the node lifecycle controller marks those of a silent node.
    func markLost(pods: [PodObject]) throws {
        let silence = condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
        _ = try client.merge("\(path)/status", ["status": ["conditions": [silence]]])
        for pod in pods {
            guard let current = try? client.get(pod.path), current.isSuccess,
                let conditions = current.body["status"]?["conditions"]?.array
            else { continue }
            let changed = conditions.map { condition in
                condition["type"] == "Ready"
                    ? condition.adding(["status": "False", "reason": "NodeNotReady"]) : condition
            }
            _ = try client.merge("\(pod.path)/status", ["status": ["conditions": .array(changed)]])
        }
    }

    private func condition(_ type: String, _ status: String, _ reason: String, _ message: String) -> JSONValue {
        let now = Date().ISO8601Format()
        return [
            "type": .string(type), "status": .string(status), "reason": .string(reason), "message": .string(message),
            "lastHeartbeatTime": .string(now), "lastTransitionTime": .string(now),
        ]
    }
}
