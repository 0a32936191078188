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
        let old = try await kubectl.object("namespace/\(name)")
        if old?["status"]?["phase"]?.text == "Terminating" {
            // No object can be created in a namespace that is terminating. Wait until it and its objects are deleted.
            try await kubectl.run(
                ["wait", "namespace/\(name)", "--for=delete", "--timeout=\(within.kubectl)"], timeout: within)
        }
        let document: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        try await kubectl.run(Self.arguments, input: document.compact)
        let phase = try await kubectl.object("namespace/\(name)")?["status"]?["phase"]?.text
        guard phase == "Active" else {
            throw KubernetesError(.failed, operation: "namespace '\(name)'", "it is \(phase ?? "missing"), not Active")
        }
        return old == nil ? "created namespace '\(name)'" : "namespace '\(name)' already exists"
    }
}
