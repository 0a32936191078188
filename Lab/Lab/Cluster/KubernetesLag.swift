/// The delays of a cluster's controllers.
package struct KubernetesLag: Sendable {
    /// The time from the change of a workload or the deletion of a namespace to the controller's action.
    package var settling: Duration
    /// The time by which the status of a workload follows its pods.
    package var status: Duration = .zero
    /// The time until the server offers the type of a new CustomResourceDefinition.
    package var definition: Duration = .zero
    /// The time until a volume is provisioned.
    package var provisioning: Duration = .zero
    /// The time until a snapshot is ready to use.
    package var snapshot: Duration = .zero
    /// The time until a scheduler binds a pod.
    package var scheduling: Duration = .zero
    /// The time until an operator corrects a change.
    package var operators: Duration = .zero
    /// The time after which the pods of an unreachable node are deleted.
    package var eviction: Duration = .seconds(300)
    /// The time that a container of a simulated node takes to end.
    package var termination: Duration = .zero

    package init(settling: Duration) { self.settling = settling }
}

/// Delays that have started, by name.
struct KubernetesTimers: Sendable {
    private var running: [String: ContinuousClock.Instant] = [:]
    private var passed: Set<String> = []

    /// Starts a delay with the first call.
    /// - Returns: true once the time has passed.
    mutating func hasPassed(_ duration: Duration, since name: String) -> Bool {
        guard duration > .zero, !passed.contains(name) else { return true }
        if running[name] == nil { running[name] = .now + duration }
        return false
    }

    mutating func forget(_ name: String) {
        running[name] = nil
        passed.remove(name)
    }

    mutating func forget(prefix: String) {
        running = running.filter { !$0.key.hasPrefix(prefix) }
        passed = passed.filter { !$0.hasPrefix(prefix) }
    }

    /// Marks the delays that are over.
    /// - Returns: true if there are any.
    mutating func advance() -> Bool {
        let now = ContinuousClock.now
        let over = running.filter { $0.value <= now }.map(\.key)
        for name in over {
            running[name] = nil
            passed.insert(name)
        }
        return !over.isEmpty
    }
}
