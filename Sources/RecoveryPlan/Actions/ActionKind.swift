internal import Documents
internal import Yams

/// A word for an action in a plan.
package struct ActionKind: Sendable {
    package var keyword: String
    package var isCondition: Bool
    package var about: String
    /// What the keyword's value looks like, for the definitions of the schema.
    var schema: JSONValue
    private var read: @Sendable (YAMLNode, inout Reader) -> AnyAction?

    /// A new action is one line here and one file beside this one.
    package static let supported = [
        ActionKind(RestoreAction.self, "Brings a component back from the backup."),
        ActionKind(RunAction.self, "Runs a program; as a condition, one whose exit code is the answer."),
        ActionKind(HTTPAction.self, "Asks or tells a server something over HTTP."),
        ActionKind(WaitAction.self, "Waits for a time, or for a condition."),
        ActionKind(CheckAction.self, "Runs checks, which must pass."),
        ActionKind(NotifyAction.self, "Tells people; never fails."),
        ActionKind(ManualAction.self, "Asks a person to do something, and to say so."),
        ActionKind(KubectlAction.self, "Drives kubectl: namespaces, manifests, workloads."),
        ActionKind(BackupAction.self, "Takes a backup, unless a recent one is there."),
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

    /// The shape of the keyword's value, whose schema is a definition of its own.
    var reference: Shape<AnyAction> {
        Shape(schema: ["$ref": .string("#/definitions/\(keyword)")], read: read)
    }
}

extension Shape where Value == AnyAction {
    /// An action in a list: one keyword and its value.
    static let action = Shape(schema: ["$ref": "#/definitions/action"]) { node, reader in
        read(node, among: ActionKind.supported, &reader)
    }

    /// One that only looks.
    static let conditionAction = Shape(schema: ["$ref": "#/definitions/condition"]) { node, reader in
        guard let found = read(node, among: ActionKind.supported, &reader) else { return nil }
        guard found.action.changesNothing else {
            let words = ActionKind.supported.filter(\.isCondition).map(\.keyword).joined(separator: ", ")
            reader.complain(
                node, "'\(found.keyword)' as it stands here is no condition: it does something",
                hint: "what only looks belongs here: \(words)")
            return nil
        }
        return found
    }

    private static func read(
        _ node: YAMLNode, among kinds: [ActionKind], _ reader: inout Reader
    ) -> AnyAction? {
        guard let mapping = node.mapping, mapping.count == 1, let (key, value) = mapping.first else {
            reader.complain(
                node, "expected one action, such as run: [systemctl, stop, prometheus], found \(node.kindForPeople)")
            return nil
        }
        let keyword = key.scalar?.string ?? ""
        guard let kind = kinds.first(where: { $0.keyword == keyword }) else {
            let words = kinds.map(\.keyword)
            reader.complain(key, "unknown action '\(keyword)'\(Spelling.advice(for: keyword, among: words))")
            return nil
        }
        guard !value.isNull else {
            reader.complain(key, "'\(keyword)' has no value", hint: "give it one, or remove the line")
            return nil
        }
        return kind.reference.read(value, &reader)
    }
}
