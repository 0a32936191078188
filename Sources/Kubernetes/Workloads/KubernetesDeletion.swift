package import Documents

/// An object to delete. Its end is awaited: finalizers may keep it.
package struct KubernetesDeletion {
    package let object: KubernetesObject
    package let within: Period
    package let kubectl: Kubectl

    package init(object: KubernetesObject, within: Period, kubectl: Kubectl) {
        self.object = object
        self.within = within
        self.kubectl = kubectl
    }

    package var arguments: [String] {
        ["delete", object.description, "--ignore-not-found", "--wait=false"]
    }

    package func delete() async throws -> String {
        let output = try await kubectl.run(arguments)
        guard !output.isEmpty else { return "\(object) did not exist" }
        try await awaitEnd(operation: "kubectl delete \(object)")
        return "deleted \(object)"
    }

    /// Waits until the object does not exist any more.
    /// - Throws: ``KubernetesError`` with what keeps it.
    func awaitEnd(operation: String) async throws {
        var first: JSONValue?
        var last: JSONValue?
        let isGone = try await ClusterPolling(within: within).first { () -> Bool? in
            let now = try await kubectl.object(object.description)
            first = first ?? now
            last = now
            // An object with another identity, or one that is not being deleted, is a new one of the same name.
            let metadata = now?["metadata"]
            let isOld = metadata?["deletionTimestamp"] != nil && metadata?["uid"] == first?["metadata"]?["uid"]
            return isOld ? nil : true
        }
        guard isGone == nil, let last else { return }
        let reason = try await ClusterReasons(kubectl).reason(of: last)
        throw KubernetesError(
            .failed, operation: operation, "it still exists after \(within)\(reason.map { ": \($0)" } ?? "")",
            hint: "the controller of a finalizer must remove it; see `kubectl get \(object) -o yaml`")
    }
}
