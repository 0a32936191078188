package import Documents

/// Finds the reason why objects do not reach a state: one line with the object and the newest event that tells it.
///
/// A reason is only an addition to an error. If the user may not read events, claims or pods, there is none.
package struct ClusterReasons: Sendable {
    private let kubectl: Kubectl

    package init(_ kubectl: Kubectl) {
        self.kubectl = kubectl.impatient
    }

    /// - Parameter object: any object, such as a pod, a claim, a workload or a namespace, as it was read.
    /// - Throws: `CancellationError`.
    package func reason(of object: JSONValue) async throws -> String? {
        let kind = object["kind"]?.text ?? ""
        if object["metadata"]?["deletionTimestamp"] != nil, kind != "Pod" { return DeletionReason.text(object) }
        if kind == "Pod" { return try await reason(ofPods: [object]) }
        if let labels = LabelSelector(object["spec"]?["selector"]), kind != "Service" {
            return try await reason(ofWorkload: object, selector: labels.text)
        }
        return try await warning(about: object)
    }

    /// - Parameters:
    ///   - workload: an object with pods.
    ///   - selector: the labels of its pods.
    package func reason(ofWorkload workload: JSONValue, selector: String) async throws -> String? {
        let pods = try await known { try await kubectl.objects("pods", ["--selector=\(selector)"]) } ?? []
        let waiting = pods.filter { !PodReason.isReady($0) && !PodReason.hasEnded($0) }
        if let reason = try await reason(ofPods: waiting) { return reason }
        let wanted = workload["spec"]?["replicas"]?.integer ?? 1
        guard pods.count < wanted || waiting.isEmpty else { return nil }
        return try await warning(about: workload)
    }

    /// The reason of the first of these pods that has one.
    package func reason(ofPods pods: [JSONValue]) async throws -> String? {
        guard !pods.isEmpty else { return nil }
        let events = try await warnings()
        let claims = try await known { try await kubectl.objects("persistentvolumeclaims") }
        let byName = claims.map { list in
            Dictionary(list.map { ($0["metadata"]?["name"]?.text ?? "", $0) }) { first, _ in first }
        }
        return pods.lazy.compactMap { PodReason(pod: $0, events: events, claims: byName).text }.first
    }

    /// The newest warning about an object, or about a ReplicaSet of it.
    private func warning(about object: JSONValue) async throws -> String? {
        guard let kind = object["kind"]?.text, let name = object["metadata"]?["name"]?.text else { return nil }
        let events = try await warnings()
        var found = events.newest(kind) { $0 == name }
        if found == nil, kind == "Deployment" { found = events.newest("ReplicaSet") { $0.hasPrefix("\(name)-") } }
        if let found { return "\(kind.lowercased())/\(name): \(found.line)" }
        let failure = (object["status"]?["conditions"]?.array ?? []).first {
            $0["type"]?.text == "ReplicaFailure" && $0["status"]?.text == "True"
        }
        guard let message = failure?["message"]?.text else { return nil }
        return
            "\(kind.lowercased())/\(name): \(ClusterEvent.oneLine(message)) (\(failure?["reason"]?.text ?? "ReplicaFailure"))"
    }

    private func warnings() async throws -> [ClusterEvent] {
        let objects = try await known { try await kubectl.objects("events", ["--field-selector=type=Warning"]) } ?? []
        return objects.filter { ($0["type"]?.text ?? "Warning") == "Warning" }.map(ClusterEvent.init)
    }

    /// Returns nil if the cluster does not tell.
    private func known<Value>(_ read: () async throws -> Value) async throws -> Value? {
        do { return try await read() } catch is KubernetesError { return nil }
    }
}
