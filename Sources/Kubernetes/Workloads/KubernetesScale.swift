package import Documents

/// The number of a workload's replicas.
///
/// Before it scales a workload to 0, dr stores the number in an annotation of the object and in the run's journal, so
/// that a run that is resumed after a crash finds it. It removes the annotation when it scales the workload up again.
package struct KubernetesScale {
    /// A number of replicas to scale to.
    package enum Replicas: Equatable, Sendable {
        case count(Int)
        /// The number before dr scaled the workload to 0.
        case previous
    }

    /// The treatment of controllers that set a workload back.
    package enum ManagedUse: String, CaseIterable, Sendable {
        /// Pause them while the workload has no replicas.
        case pause
        /// Leave them alone.
        case leave
    }

    package let object: KubernetesObject
    package let within: Period
    package let kubectl: Kubectl
    package var managed = ManagedUse.pause
    package var memory = RunMemory()

    package init(object: KubernetesObject, within: Period, kubectl: Kubectl) {
        self.object = object
        self.within = within
        self.kubectl = kubectl
    }

    package static let annotation = "dr/replicas"

    package static func arguments(_ object: KubernetesObject, _ count: Int) -> [String] {
        ["scale", object.description, "--replicas=\(count)"]
    }

    package func set(_ replicas: Replicas) async throws -> String {
        let workload = try await read()
        let scale = try await WorkloadScale.read(object, kubectl)
        let count = try count(replicas, workload, scale: scale)
        // Nothing is changed before the pods can be identified: the next action may replace their data.
        guard count > 0 || scale.selector != nil else {
            throw failure(.hopeless, "its scale subresource has no selector, so its pods cannot be identified")
        }
        if count == 0 {
            try await stop(workload, scale)
        } else {
            try await start(workload, count)
        }
        return "\(object) has \(count) replica\(count == 1 ? "" : "s"), had \(scale.wanted)"
    }

    // MARK: The previous number

    private var memoryName: String { "replicas of \(kubectl.place)\(object)" }

    private func count(_ replicas: Replicas, _ workload: JSONValue, scale: WorkloadScale) throws -> Int {
        switch replicas {
        case .count(let given): return given
        case .previous:
            let annotation = workload["metadata"]?["annotations"]?[Self.annotation]?.integer
            let remembered = annotation ?? memory.recall(memoryName).flatMap { Int($0) }
            if let remembered, remembered > 0 { return remembered }
            guard scale.wanted > 0 else {
                throw failure(
                    .hopeless, "its previous number of replicas is not recorded",
                    hint: "set `replicas` to a number; dr records it only for workloads that it scaled to 0 itself")
            }
            return scale.wanted
        }
    }

    private func remember(_ count: Int) async throws {
        try memory.remember(memoryName, "\(count)")
        try await kubectl.run(["annotate", object.description, "\(Self.annotation)=\(count)", "--overwrite"])
    }

    // MARK: Down

    private func stop(_ workload: JSONValue, _ scale: WorkloadScale) async throws {
        if scale.wanted > 0 { try await remember(scale.wanted) }
        if managed == .pause {
            _ = try await WorkloadManagers(kubectl: kubectl).pause(workload, object) { text in
                try memory.remember("controller of \(kubectl.place)\(object)", text)
            }
        }
        try await kubectl.run(Self.arguments(object, 0))
        try await awaitNoPods(selector: scale.selector ?? "")
    }

    /// Waits until the controller reports no replicas and no pod exists: running pods must not see their data replaced.
    private func awaitNoPods(selector: String) async throws {
        var last: (scale: WorkloadScale, pods: [JSONValue])?
        let isGone = try await ClusterPolling(within: within).first { () -> Bool? in
            let scale = try await WorkloadScale.read(object, kubectl)
            guard scale.wanted == 0 else { throw try await reverted(from: 0, to: scale.wanted) }
            let pods = try await kubectl.objects("pods", ["--selector=\(selector)"]).filter { !PodReason.hasEnded($0) }
            last = (scale, pods)
            return scale.present == 0 && pods.isEmpty ? true : nil
        }
        guard isGone == nil, let last else { return }
        let names = last.pods.compactMap { $0["metadata"]?["name"]?.text }
        guard !names.isEmpty else {
            throw failure(
                .notSo, "its controller still reports \(last.scale.present) replicas after \(within)",
                hint: "is the controller running?")
        }
        let reason = try await ClusterReasons(kubectl).reason(ofPods: last.pods)
        let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " …" : "")
        throw failure(
            .notSo, "\(names.count) of its pods still exist after \(within): \(reason ?? shown)")
    }

    // MARK: Up

    private func start(_ workload: JSONValue, _ count: Int) async throws {
        try await kubectl.run(Self.arguments(object, count))
        if workload["metadata"]?["annotations"]?[Self.annotation] != nil {
            // An old number must not outlive its use: a later run would restore it.
            try await kubectl.run(["annotate", object.description, "\(Self.annotation)-"])
        }
        _ = try await WorkloadManagers(kubectl: kubectl).resume(workload, object)
        _ = try await KubernetesRollout(object: object, within: within, kubectl: kubectl).await()
        let reached = try await WorkloadScale.read(object, kubectl).wanted
        guard reached != 0 else { throw try await reverted(from: count, to: reached) }
    }

    // MARK: Errors

    private func read() async throws -> JSONValue {
        guard let workload = try await kubectl.object(object.description) else {
            throw failure(
                .failed, "there is no such workload", hint: "check the namespace, or apply the workload first")
        }
        return workload
    }

    /// Names the controller that set the number back.
    private func reverted(from count: Int, to present: Int) async throws -> KubernetesError {
        let detail = "it was scaled to \(count), but has \(present) replicas again"
        let managers = try await WorkloadManagers(kubectl: kubectl.impatient).managers(of: try await read())
        guard let manager = managers.last?.manager else {
            return failure(
                .failed, detail, hint: "pause the operator, autoscaler or GitOps controller that manages it")
        }
        return failure(.failed, "\(detail): \(manager.description) manages it", hint: manager.remedy)
    }

    private func failure(_ reason: KubernetesError.Reason, _ detail: String, hint: String? = nil) -> KubernetesError {
        KubernetesError(reason, operation: "kubectl scale \(object)", detail, hint: hint)
    }
}
