internal import Documents

/// A kind of action, with its keyword in a plan.
package struct ActionKind: Sendable {
    package var keyword: String
    package var isCondition: Bool
    package var about: String
    /// The schema of the keyword's value, for the definitions of the plan schema.
    var schema: JSONValue
    private var read: @Sendable (YAMLNode, inout Reader) -> AnyAction?

    /// All kinds. A new kind needs one line here and one file beside this one.
    package static let supported = [
        ActionKind(RestoreAction.self, "Restores a component from the backup."),
        ActionKind(RunAction.self, "Runs a program; as a condition, its exit code decides."),
        ActionKind(HTTPAction.self, "Sends an HTTP request to a server."),
        ActionKind(WaitAction.self, "Waits for a duration or for a condition."),
        ActionKind(CheckAction.self, "Runs checks that must pass."),
        ActionKind(NotifyAction.self, "Sends a notification; never fails."),
        ActionKind(ManualAction.self, "Asks the operator to do a task and to confirm it."),
        ActionKind(KubectlAction.self, "Runs kubectl: namespaces, manifests, workloads."),
        ActionKind(VeleroAction.self, "Waits until Velero has completed a restore."),
        ActionKind(BackupAction.self, "Takes a backup, unless a recent one exists."),
        ActionKind(ThawAction.self, "Makes archived packs of the backup readable, and waits for them."),
    ]

    package static func named(_ keyword: String) -> ActionKind? { supported.first { $0.keyword == keyword } }

    private init<A: Action>(_ type: A.Type, _ about: String) {
        keyword = A.keyword
        isCondition = A.isCondition
        self.about = about
        schema = A.shape.schema
        read = { node, reader in
            A.shape.read(node, &reader).map { AnyAction($0, location: reader.location(of: node)) }
        }
    }

    /// The shape of the keyword's value, with a reference to its schema definition.
    var reference: Shape<AnyAction> {
        Shape(schema: ["$ref": .string("#/definitions/\(keyword)")], read: read)
    }
}

extension Shape where Value == AnyAction {
    /// An action in a list: one keyword and its value.
    static let action = Shape(schema: ["$ref": "#/definitions/action"]) { node, reader in
        read(node, among: ActionKind.supported, &reader)
    }

    /// A read-only action in a list.
    static let conditionAction = Shape(schema: ["$ref": "#/definitions/condition"]) { node, reader in
        guard let found = read(node, among: ActionKind.supported, &reader) else { return nil }
        guard found.action.changesNothing else {
            let words = ActionKind.supported.filter(\.isCondition).map(\.keyword).joined(separator: ", ")
            reader.complain(
                node, "this '\(found.keyword)' is not a condition: it changes something",
                hint: "use a read-only action: \(words)")
            return nil
        }
        return found
    }

    private static func read(
        _ node: YAMLNode, among kinds: [ActionKind], _ reader: inout Reader
    ) -> AnyAction? {
        guard let mapping = node.mapping, mapping.count == 1, let (key, value) = mapping.first else {
            reader.complain(
                node, "expected one action, such as run: [systemctl, stop, web], found \(node.kindForPeople)")
            return nil
        }
        let keyword = key.scalar?.string ?? ""
        guard let kind = kinds.first(where: { $0.keyword == keyword }) else {
            let words = kinds.map(\.keyword)
            reader.complain(key, "unknown action '\(keyword)'\(Spelling.advice(for: keyword, among: words))")
            return nil
        }
        guard !value.isNull else {
            reader.complain(key, "'\(keyword)' has no value", hint: "add a value, or remove the line")
            return nil
        }
        return kind.reference.read(value, &reader)
    }
}
