package import Documents

/// A workload whose rollout must complete.
package struct KubernetesRollout {
    package let object: KubernetesObject
    package let within: Period
    package let kubectl: Kubectl

    package init(object: KubernetesObject, within: Period, kubectl: Kubectl) {
        self.object = object
        self.within = within
        self.kubectl = kubectl
    }

    /// The arguments of kubectl. Without `--timeout` it would wait for ever.
    package static func arguments(_ object: KubernetesObject, _ within: Period) -> [String] {
        ["rollout", "status", object.description, "--timeout=\(within.kubectl)"]
    }

    package func await() async throws -> String {
        do {
            try await kubectl.run(Self.arguments(object, within), timeout: within)
        } catch var error as KubernetesError where error.reason == .failed {
            error.reason = .notSo
            error.operation = "rollout of \(object)"
            error.detail = try await explained(error.detail)
            throw error
        }
        return "\(object) is rolled out"
    }

    /// Adds the ready replicas and the reason, because kubectl only reports the time-out.
    private func explained(_ detail: String) async throws -> String {
        guard detail.contains("timed out"), let workload = try await kubectl.object(object.description) else {
            return detail
        }
        let wanted = workload["spec"]?["replicas"]?.integer ?? 1
        let ready = workload["status"]?["readyReplicas"]?.integer ?? 0
        var text = "\(ready) of \(wanted) replicas are ready after \(within)"
        if let reason = try await reasonOfWaiting(workload) { text += ": \(reason)" }
        return text
    }

    private func reasonOfWaiting(_ workload: JSONValue) async throws -> String? {
        let labels = workload["spec"]?["selector"]?["matchLabels"]?.object ?? [:]
        let terms = labels.compactMap { name, value in value.text.map { "\(name)=\($0)" } }.sorted()
        guard !terms.isEmpty else { return nil }
        let text = try await kubectl.run(
            ["get", "pods", "--selector=\(terms.joined(separator: ","))", "--output=json"])
        let pods = (try? JSONValue(parsing: [UInt8](text.utf8)))?["items"]?.array ?? []
        for pod in pods {
            for container in pod["status"]?["containerStatuses"]?.array ?? [] {
                guard let reason = container["state"]?["waiting"]?["reason"]?.text else { continue }
                return "\(reason) in pod \(pod["metadata"]?["name"]?.text ?? "?")"
            }
        }
        return nil
    }
}
