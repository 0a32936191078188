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

    /// The command that waits in the same way, for the preview.
    package static func arguments(_ object: KubernetesObject, _ within: Period) -> [String] {
        ["rollout", "status", object.description, "--timeout=\(within.kubectl)"]
    }

    package func await() async throws -> String {
        var last: (state: RolloutState, workload: JSONValue)?
        let end = try await ClusterPolling(within: within).first { () -> RolloutState? in
            let (state, workload) = try await look()
            last = (state, workload)
            if case .pending = state.progress { return nil }
            return state
        }
        switch end?.progress {
        case .complete?:
            return "\(object) is rolled out" + (end?.remark.map { "; \($0)" } ?? "")
        case .failed(let text)?:
            throw failure(.notSo, try await explained(text, last?.workload))
        case .pending?, nil:
            guard case .pending(let text)? = last?.state.progress else {
                throw failure(.notSo, "its state is not known after \(within)")
            }
            throw failure(.notSo, try await explained("\(text) after \(within)", last?.workload))
        }
    }

    private func look() async throws -> (RolloutState, JSONValue) {
        guard let workload = try await kubectl.object(object.description) else {
            throw failure(
                .failed, "there is no such workload", hint: "check the namespace, or apply the workload first")
        }
        if let state = RolloutState(workload) { return (state, workload) }
        let scale = try await scaleOfCustomResource()
        var ready: Int?
        if let selector = scale?.selector {
            ready = try await kubectl.objects("pods", ["--selector=\(selector)"]).count { PodReason.isReady($0) }
        }
        guard let state = RolloutState(custom: workload, scale: scale, ready: ready) else {
            throw failure(
                .hopeless, "this kind has neither a scale subresource nor a condition Available or Ready",
                hint: "wait for a field of it: kubectl: {wait: \(object), for: jsonpath='{.status.phase}'=Running}")
        }
        return (state, workload)
    }

    private func scaleOfCustomResource() async throws -> WorkloadScale? {
        do { return try await WorkloadScale.read(object, kubectl) } catch let error as KubernetesError
            where error.reason == .hopeless && error.detail == "it has no scale subresource"
        { return nil }
    }

    /// Adds the reason, which the workload's status does not tell.
    private func explained(_ text: String, _ workload: JSONValue?) async throws -> String {
        guard let workload, let reason = try await ClusterReasons(kubectl).reason(of: workload) else { return text }
        return "\(text): \(reason)"
    }

    private func failure(_ reason: KubernetesError.Reason, _ detail: String, hint: String? = nil) -> KubernetesError {
        KubernetesError(reason, operation: "rollout of \(object)", detail, hint: hint)
    }
}
