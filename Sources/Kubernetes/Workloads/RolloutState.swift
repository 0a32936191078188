internal import Documents

/// The progress of a workload's rollout by its status.
///
/// dr reads it itself: `kubectl rollout status` refuses StatefulSets with the strategy `OnDelete` and custom resources.
struct RolloutState: Equatable, Sendable {
    enum Progress: Equatable, Sendable {
        case complete
        /// The text of the status, such as "1 of 3 replicas are ready".
        case pending(String)
        /// The controller has given up.
        case failed(String)
    }

    var progress: Progress
    /// A fact about a complete rollout that an operator must know.
    var remark: String?

    init(_ progress: Progress, remark: String? = nil) {
        self.progress = progress
        self.remark = remark
    }

    /// - Returns: nil for a kind that this does not know: see ``init(custom:scale:ready:)``.
    init?(_ workload: JSONValue) {
        let group = workload["apiVersion"]?.text?.split(separator: "/").first ?? ""
        guard ["apps", "extensions"].contains(group) || workload["kind"]?.text == "ReplicationController" else {
            return nil
        }
        if let unseen = Self.unseen(workload) {
            self = unseen
            return
        }
        switch workload["kind"]?.text {
        case "Deployment": self = Self.deployment(workload)
        case "StatefulSet": self = Self.statefulSet(workload)
        case "DaemonSet": self = Self.daemonSet(workload)
        case "ReplicaSet", "ReplicationController":
            let wanted = workload["spec"]?["replicas"]?.integer ?? 1
            self = Self.replicas(workload["status"]?["readyReplicas"]?.integer ?? 0, of: wanted, are: "ready")
        default: return nil
        }
    }

    /// A custom resource: its pods must be ready, or its conditions must say so.
    /// - Parameters:
    ///   - scale: its scale subresource; nil if it has none.
    ///   - ready: the number of its ready pods.
    init?(custom workload: JSONValue, scale: WorkloadScale?, ready: Int?) {
        if let unseen = Self.unseen(workload) {
            self = unseen
            return
        }
        let conditions = workload["status"]?["conditions"]?.array ?? []
        let state = conditions.first { ["Available", "Ready", "Reconciled"].contains($0["type"]?.text) }
        if let scale, let ready {
            self = Self.replicas(ready, of: scale.wanted, are: "ready")
        } else if let state, let type = state["type"]?.text {
            let message = state["message"]?.text.map { ": \(ClusterEvent.oneLine($0))" } ?? ""
            self.init(
                state["status"]?.text == "True" ? .complete : .pending("its condition \(type) is not True\(message)"))
        } else {
            return nil
        }
    }

    private static func unseen(_ workload: JSONValue) -> RolloutState? {
        guard let generation = workload["metadata"]?["generation"]?.integer,
            let observed = workload["status"]?["observedGeneration"]?.integer ?? (isBuiltIn(workload) ? 0 : nil),
            observed < generation
        else { return nil }
        return RolloutState(.pending("its controller has not seen the change yet"))
    }

    private static func isBuiltIn(_ workload: JSONValue) -> Bool { workload["apiVersion"]?.text == "apps/v1" }

    private static func replicas(_ count: Int, of wanted: Int, are state: String) -> RolloutState {
        RolloutState(count >= wanted ? .complete : .pending("\(count) of \(wanted) replicas are \(state)"))
    }

    private static func deployment(_ workload: JSONValue) -> RolloutState {
        let status = workload["status"]
        let wanted = workload["spec"]?["replicas"]?.integer ?? 1
        let updated = status?["updatedReplicas"]?.integer ?? 0
        let present = status?["replicas"]?.integer ?? 0
        let progressing = (status?["conditions"]?.array ?? []).first { $0["type"]?.text == "Progressing" }
        if progressing?["reason"]?.text == "ProgressDeadlineExceeded" {
            return RolloutState(
                .failed("it exceeded its progress deadline, \(updated) of \(wanted) replicas are updated"))
        }
        guard updated >= wanted else { return RolloutState(.pending("\(updated) of \(wanted) replicas are updated")) }
        guard present <= updated else {
            return RolloutState(
                .pending("\(updated) of \(wanted) replicas are updated, \(present - updated) old still run"))
        }
        return replicas(status?["availableReplicas"]?.integer ?? 0, of: wanted, are: "ready")
    }

    private static func statefulSet(_ workload: JSONValue) -> RolloutState {
        let status = workload["status"]
        let strategy = workload["spec"]?["updateStrategy"]
        let wanted = workload["spec"]?["replicas"]?.integer ?? 1
        let ready = status?["readyReplicas"]?.integer ?? 0
        let present = status?["replicas"]?.integer ?? 0
        let updated = status?["updatedReplicas"]?.integer ?? 0
        let isNew = status?["updateRevision"] != status?["currentRevision"]
        if strategy?["type"]?.text == "OnDelete" {
            var state = replicas(ready, of: wanted, are: "ready")
            if isNew, updated < wanted, state.progress == .complete {
                state.remark = "\(wanted - updated) of its pods run the old revision until they are deleted"
            }
            return state
        }
        let partition = strategy?["rollingUpdate"]?["partition"]?.integer ?? 0
        let due = max(0, wanted - partition)
        // During an update, the ready replicas are those of the old revision.
        if isNew, updated < due { return RolloutState(.pending("\(updated) of \(due) replicas are updated")) }
        guard ready >= wanted else { return replicas(ready, of: wanted, are: "ready") }
        guard present <= wanted else {
            return RolloutState(.pending("\(present - wanted) replicas too many still run"))
        }
        guard !isNew || partition > 0 else { return RolloutState(.pending("its update is not complete yet")) }
        return RolloutState(.complete)
    }

    private static func daemonSet(_ workload: JSONValue) -> RolloutState {
        let status = workload["status"]
        let wanted = status?["desiredNumberScheduled"]?.integer ?? 0
        let updated = status?["updatedNumberScheduled"]?.integer ?? 0
        let isOnDelete = workload["spec"]?["updateStrategy"]?["type"]?.text == "OnDelete"
        if !isOnDelete, updated < wanted { return RolloutState(.pending("\(updated) of \(wanted) pods are updated")) }
        let available = status?["numberAvailable"]?.integer ?? 0
        return RolloutState(available >= wanted ? .complete : .pending("\(available) of \(wanted) pods are ready"))
    }
}
