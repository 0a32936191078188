package import Documents
internal import Kubernetes

/// Waits for a restore of Velero: `velero: {restore: monitoring, within: 30m}`.
package struct VeleroAction: Action {
    package static let keyword = "velero"
    package static let isCondition = true

    package var restore = ""
    package var namespace = "velero"
    /// The context in the kubeconfig; nil for the current one.
    package var context: String?
    package var within = Period.minutes(30)

    package init() {}

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        let command = kubectl(in: context).command(VeleroRestore.arguments(restore)).commandLine
        return ActionPreview(["wait up to \(within) for Velero's restore '\(restore)': \(command)"])
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        do {
            let restore = VeleroRestore(name: restore, within: within, kubectl: kubectl(in: context))
            return ActionRecord(try await restore.await(tell: context.tell))
        } catch let error as KubernetesError { throw ActionError(error) }
    }

    private func kubectl(in context: ActionContext) -> Kubectl {
        Kubectl(
            context: self.context, namespace: namespace, environment: context.environment, folder: context.folder,
            pool: context.pool)
    }
}

extension VeleroAction: Section {
    package static let keys: [Key<Self>] = [
        Key("restore", \.restore, as: .text, required: true, about: "Name of the restore in Velero."),
        Key("namespace", \.namespace, as: .text, about: "Namespace of Velero (default: velero)."),
        Key(
            "context", \.context, as: .text,
            about: "Context in the kubeconfig (default: the current one, which may be the wrong cluster)."),
        Key("within", \.within, as: .period, about: "Time limit for Velero (default: 30m)."),
    ]

    package static let shape = Shape<Self>.section()

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        for (key, name) in [("restore", restore), ("namespace", namespace)] where !name.isKubernetesName {
            reader.complain(
                written[key], "'\(name)' is not a valid name: use lower-case letters, digits, '-' and '.'")
        }
        if context?.hasPrefix("-") == true {
            reader.complain(written["context"], "'context' must not begin with '-'")
        }
    }
}
