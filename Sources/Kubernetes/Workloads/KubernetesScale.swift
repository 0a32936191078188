package import Documents

/// The number of a workload's replicas.
///
/// Before it scales a workload to 0, dr stores the number in an annotation of the object, so that a run that is
/// resumed after a crash finds it.
package struct KubernetesScale {
    package let object: KubernetesObject
    package let within: Period
    package let kubectl: Kubectl

    package init(object: KubernetesObject, within: Period, kubectl: Kubectl) {
        self.object = object
        self.within = within
        self.kubectl = kubectl
    }

    private static let annotation = "dr/replicas"

    package static func arguments(_ object: KubernetesObject, _ count: Int) -> [String] {
        ["scale", object.description, "--replicas=\(count)"]
    }

    package enum Replicas: Equatable, Sendable {
        case count(Int)
        /// The number before dr scaled the workload to 0.
        case previous
    }

    package func set(_ replicas: Replicas) async throws -> String {
        let workload = try await read()
        let present = workload["spec"]?["replicas"]?.integer ?? 1
        let remembered = workload["metadata"]?["annotations"]?[Self.annotation]?.integer
        let count: Int
        switch replicas {
        case .count(let given): count = given
        case .previous:
            guard let known = remembered ?? (present > 0 ? present : nil) else {
                throw failure(
                    .hopeless, "its previous number of replicas is not recorded",
                    hint: "set `replicas` to a number; dr records it only for workloads that it scaled to 0 itself")
            }
            count = known
        }
        if count == 0, present > 0 {
            try await kubectl.run(["annotate", object.description, "\(Self.annotation)=\(present)", "--overwrite"])
        }
        try await kubectl.run(Self.arguments(object, count))
        if count == 0 { try await awaitNoPods(workload) } else { _ = try await rollout.await() }
        let reached = try await read()["spec"]?["replicas"]?.integer ?? 1
        guard reached == count else {
            throw failure(
                .failed, "it was scaled to \(count), but has \(reached) replicas again",
                hint: "pause the operator, autoscaler or GitOps controller that manages it")
        }
        return "\(object) has \(count) replica\(count == 1 ? "" : "s"), had \(present)"
    }

    private var rollout: KubernetesRollout { KubernetesRollout(object: object, within: within, kubectl: kubectl) }

    private func read() async throws -> JSONValue {
        guard let workload = try await kubectl.object(object.description) else {
            throw failure(
                .failed, "there is no such workload", hint: "check the namespace, or apply the workload first")
        }
        return workload
    }

    /// Waits until the pods are gone. kubectl scale returns earlier, and running pods must not see their data replaced.
    private func awaitNoPods(_ workload: JSONValue) async throws {
        let labels = workload["spec"]?["selector"]?["matchLabels"]?.object ?? [:]
        let terms = labels.compactMap { name, value in value.text.map { "\(name)=\($0)" } }.sorted()
        guard !terms.isEmpty else {
            throw failure(.failed, "it has no label selector, so its pods cannot be identified")
        }
        try await kubectl.run(
            [
                "wait", "pod", "--selector=\(terms.joined(separator: ","))", "--for=delete",
                "--timeout=\(within.kubectl)",
            ], timeout: within)
        let left = try await read()["status"]?["replicas"]?.integer ?? 0
        guard left == 0 else { throw failure(.failed, "\(left) of its pods still exist") }
    }

    private func failure(_ reason: KubernetesError.Reason, _ detail: String, hint: String? = nil) -> KubernetesError {
        KubernetesError(reason, operation: "kubectl scale \(object)", detail, hint: hint)
    }
}
