internal import Documents

/// A namespace that should be there, and usable.
struct KubernetesNamespace {
    let name: String
    let within: Period
    let kubectl: Kubectl

    static let arguments = ["apply", "--server-side", "--field-manager=dr", "--filename", "-"]

    func make() async throws -> ActionRecord {
        let old = try await kubectl.object("namespace/\(name)")
        if old?["status"]?["phase"]?.text == "Terminating" {
            // Nothing can be made in one that is going; it takes what it holds with it, and then its name is free.
            try await kubectl.run(
                ["wait", "namespace/\(name)", "--for=delete", "--timeout=\(within.kubectl)"], timeout: within)
        }
        let document: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        try await kubectl.run(Self.arguments, input: document.compact)
        let phase = try await kubectl.object("namespace/\(name)")?["status"]?["phase"]?.text
        guard phase == "Active" else {
            throw ActionError(.failed, "namespace '\(name)'", "it is \(phase ?? "not there"), not Active")
        }
        return ActionRecord(old == nil ? "made namespace '\(name)'" : "namespace '\(name)' is there")
    }
}
