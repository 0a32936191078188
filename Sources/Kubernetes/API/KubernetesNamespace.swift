package import Documents

/// A namespace to create or to make usable.
package struct KubernetesNamespace {
    package let name: String
    package let within: Period
    package let kubectl: Kubectl

    package init(name: String, within: Period, kubectl: Kubectl) {
        self.name = name
        self.within = within
        self.kubectl = kubectl
    }

    package static let arguments = ["apply", "--server-side", "--field-manager=dr", "--filename", "-"]

    package func make() async throws -> String {
        let old = try await present()
        if old?["status"]?["phase"]?.text == "Terminating", let object = KubernetesObject("namespace/\(name)") {
            // No object can be created in a namespace that is terminating. Wait until it and its objects are deleted.
            try await KubernetesDeletion(object: object, within: within, kubectl: kubectl)
                .awaitEnd(operation: "namespace '\(name)', which is terminating")
        }
        let document: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        do {
            try await kubectl.run(Self.arguments, input: document.compact)
        } catch let error as KubernetesError where error.isForbidden {
            // An existing namespace needs no change, so the user needs no permission for it.
            switch old {
            case nil: return "namespace '\(name)': the user may not read or change it, and may use it if it exists"
            case .null?: throw error
            default: break
            }
        }
        guard let old else { return "namespace '\(name)' is applied" }
        let phase = try await kubectl.object("namespace/\(name)")?["status"]?["phase"]?.text
        guard phase == "Active" else {
            throw KubernetesError(.failed, operation: "namespace '\(name)'", "it is \(phase ?? "missing"), not Active")
        }
        return old.isNull ? "created namespace '\(name)'" : "namespace '\(name)' already exists"
    }

    /// Returns the namespace as it is; null if it does not exist, nil if the user may not read it.
    ///
    /// A user with a role in one namespace cannot read the namespace itself, and does not need to.
    private func present() async throws -> JSONValue? {
        do { return try await kubectl.object("namespace/\(name)") ?? .null } catch let error as KubernetesError
            where error.isForbidden
        { return nil }
    }
}
