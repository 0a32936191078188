internal import Blocking
internal import JSONText
internal import Programs
package import StrictYAML

/// Drives `kubectl`: `kubectl: {scale: statefulset/prometheus, replicas: 0, namespace: monitoring, context: prod}`.
package struct KubectlAction: Action {
    package static let keyword = "kubectl"
    package static let isCondition = true

    /// Absolute path of a manifest or of a folder of them; a kustomization is taken as one.
    package var apply: String?
    package var scale: String?
    package var replicas: Int?
    package var rollout: String?
    package var wait: String?
    package var condition: String?
    package var delete: String?
    package var createNamespace: String?
    package var namespace: String?
    package var context: String?
    package var within = Period.minutes(5)

    package init() {}

    package var changesNothing: Bool { rollout != nil || wait != nil }

    /// What follows `kubectl` and the words for the cluster.
    private var words: [String] {
        if let apply { return ["apply", "--server-side", "--field-manager=dr", "--force-conflicts", "-f", apply] }
        if let scale { return ["scale", scale, "--replicas=\(replicas ?? 0)"] }
        if let rollout { return ["rollout", "status", rollout, "--timeout=\(seconds)s"] }
        if let wait { return ["wait", wait, "--for=\(condition ?? "")", "--timeout=\(seconds)s"] }
        if let delete { return ["delete", delete, "--ignore-not-found", "--timeout=\(seconds)s"] }
        return ["apply", "--server-side", "--field-manager=dr", "-f", "-"]
    }

    private var seconds: Int { Int(within.duration.components.seconds) }

    private func program(in context: ActionContext) -> Program {
        let cluster = (self.context.map { ["--context", $0] } ?? []) + (namespace.map { ["--namespace", $0] } ?? [])
        var program = Program(
            "kubectl", cluster + words, environment: context.environment, folder: context.folder,
            timeout: .seconds(seconds + 60))
        if let createNamespace {
            let object: JSONValue = [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(createNamespace)],
            ]
            program.input = .bytes(object.compact)
        }
        return program
    }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        let what = createNamespace.map { " (namespace \($0))" } ?? ""
        return ActionPreview(["run \(program(in: context).commandLine)\(what)"])
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        let program = program(in: context)
        do {
            let (end, output) = try await context.pool.run { try program.captured(limit: 4 << 10) }
            guard end.status == 0 else {
                let lines = end.errors.split(whereSeparator: \.isNewline).suffix(5).joined(separator: "; ")
                throw ActionError(
                    changesNothing ? .notSo : .failed, program.commandLine,
                    "it ended with status \(end.status): \(lines)")
            }
            return ActionRecord(output.split(whereSeparator: \.isNewline).last.map(String.init) ?? "done")
        } catch let error as ProgramError {
            throw ActionError(.hopeless, program.commandLine, error.detail, hint: "install kubectl, or fix its PATH")
        }
    }
}

extension KubectlAction: Section {
    package static let keys: [Key<Self>] = [
        Key("apply", \.apply, .path, "Applies a manifest, a folder of them, or a kustomization."),
        Key("scale", \.scale, .text, "Sets the replicas of a workload, such as statefulset/prometheus."),
        Key("replicas", \.replicas, .count(0...10_000), "How many, for 'scale'."),
        Key("rollout", \.rollout, .text, "Waits until a workload is rolled out."),
        Key("wait", \.wait, .text, "Waits for an object, such as pod/prometheus-0."),
        Key("for", \.condition, .text, "What 'wait' waits for, such as condition=Ready, or delete."),
        Key("delete", \.delete, .text, "Deletes an object; one that is not there is deleted already."),
        Key("create_namespace", \.createNamespace, .text, "Creates a namespace where there is none."),
        Key("namespace", \.namespace, .text, "The namespace."),
        Key("context", \.context, .text, "kubectl's context: which cluster."),
        Key("within", \.within, .period, "How long to wait; 5m when left out."),
    ]

    private static let verbs = ["apply", "scale", "rollout", "wait", "delete", "create_namespace"]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        let used = Self.verbs.filter(written.contains)
        if used.count != 1 {
            reader.complain(written.section, "'kubectl' needs one of \(Self.verbs.joined(separator: ", "))")
        }
        if (scale == nil) != (replicas == nil) {
            reader.complain(written.section, "'scale' and 'replicas' need each other")
        }
        if (wait == nil) != (condition == nil) {
            reader.complain(written.section, "'wait' and 'for' need each other")
        }
    }

    package static let shape = Shape<Self>.section()
}
