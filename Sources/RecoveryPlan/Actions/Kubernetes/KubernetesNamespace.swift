internal import Documents

/// A namespace to create or to make usable.
struct KubernetesNamespace {
    let name: String
    let within: Period
    let kubectl: Kubectl

    static let arguments = ["apply", "--server-side", "--field-manager=dr", "--filename", "-"]

    func make() async throws -> ActionRecord {
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
            throw ActionError(.failed, operation: "namespace '\(name)'", "it is \(phase ?? "missing"), not Active")
        }
        return ActionRecord(old == nil ? "created namespace '\(name)'" : "namespace '\(name)' already exists")
    }
}
