internal import Documents

/// The reason why a pod is not ready or does not end, from its status, its claims and the events.
struct PodReason {
    let pod: JSONValue
    /// The warnings of the namespace.
    let events: [ClusterEvent]
    /// The claims of the namespace by name; nil if they could not be read.
    let claims: [String: JSONValue]?

    private var name: String { pod["metadata"]?["name"]?.text ?? "?" }

    static func isReady(_ pod: JSONValue) -> Bool {
        let conditions = pod["status"]?["conditions"]?.array ?? []
        return pod["metadata"]?["deletionTimestamp"] == nil
            && conditions.contains { $0["type"]?.text == "Ready" && $0["status"]?.text == "True" }
    }

    /// True if none of its containers runs or will run again.
    static func hasEnded(_ pod: JSONValue) -> Bool {
        ["Succeeded", "Failed"].contains(pod["status"]?["phase"]?.text)
    }

    /// Nil if the pod shows no reason.
    var text: String? {
        if pod["metadata"]?["deletionTimestamp"] != nil { return termination }
        return waitingContainer ?? claim ?? unscheduled
            ?? events.newest("Pod") { $0 == name }.map { "pod \(name): \($0.line)" }
    }

    private var termination: String {
        if let finalizers = DeletionReason.finalizers(of: pod) {
            return "pod \(name) is terminating, and its finalizers remain: \(finalizers)"
        }
        let grace = pod["metadata"]?["deletionGracePeriodSeconds"]?.integer.map { " (its grace period is \($0) s)" }
        return "pod \(name) is still terminating\(grace ?? "")"
    }

    /// A container that cannot start. `ContainerCreating` alone tells nothing; events do.
    private var waitingContainer: String? {
        let status = pod["status"]
        let containers = (status?["initContainerStatuses"]?.array ?? []) + (status?["containerStatuses"]?.array ?? [])
        for container in containers {
            guard let waiting = container["state"]?["waiting"], let reason = waiting["reason"]?.text,
                !["ContainerCreating", "PodInitializing"].contains(reason)
            else { continue }
            let code = container["lastState"]?["terminated"]?["exitCode"]?.integer.map { ", last exit code \($0)" }
            let message = waiting["message"]?.text.map { ": \(ClusterEvent.oneLine($0))" }
            return "\(reason) in pod \(name)\(code ?? "")\(message ?? "")"
        }
        return nil
    }

    /// A claim that does not exist or that no volume is made for.
    private var claim: String? {
        guard let claims, pod["status"]?["phase"]?.text == "Pending" else { return nil }
        let names = (pod["spec"]?["volumes"]?.array ?? []).compactMap {
            $0["persistentVolumeClaim"]?["claimName"]?.text
        }
        for name in names {
            guard let claim = claims[name] else { return "pod \(self.name): claim '\(name)' does not exist" }
            guard claim["status"]?["phase"]?.text != "Bound" else { continue }
            if let event = events.newest("PersistentVolumeClaim", where: { $0 == name }) {
                return "pod \(self.name): claim '\(name)': \(event.line)"
            }
        }
        return nil
    }

    private var unscheduled: String? {
        let condition = (pod["status"]?["conditions"]?.array ?? []).first { $0["type"]?.text == "PodScheduled" }
        guard condition?["status"]?.text == "False" else { return nil }
        guard let message = condition?["message"]?.text, !message.isEmpty else {
            return events.newest("Pod") { $0 == name }.map { "pod \(name): \($0.line)" }
        }
        return "pod \(name): \(ClusterEvent.oneLine(message)) (\(condition?["reason"]?.text ?? "Unschedulable"))"
    }
}

/// The reason why an object that is being deleted still exists.
enum DeletionReason {
    static func finalizers(of object: JSONValue) -> String? {
        let names = (object["metadata"]?["finalizers"]?.array ?? []).compactMap(\.text)
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }

    /// Nil if the object shows no reason.
    static func text(_ object: JSONValue) -> String? {
        let own = finalizers(of: object).map { "its finalizers remain: \($0)" }
        guard object["kind"]?.text == "Namespace" else { return own }
        let types = [
            "NamespaceFinalizersRemaining", "NamespaceContentRemaining", "NamespaceDeletionContentFailure",
            "NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure",
        ]
        let conditions = object["status"]?["conditions"]?.array ?? []
        let messages = types.compactMap { type in
            conditions.first { $0["type"]?.text == type && $0["status"]?.text == "True" }?["message"]?.text
        }
        let all = messages.map(ClusterEvent.oneLine) + (own.map { [$0] } ?? [])
        return all.isEmpty ? nil : all.joined(separator: "; ")
    }
}
