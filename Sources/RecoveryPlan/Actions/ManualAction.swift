package import Documents

/// Asks the operator to do a task and to confirm it: `manual: "Point DNS at the new host."`
package struct ManualAction: Action {
    package static let keyword = "manual"
    package static let isCondition = false

    package var task = ""

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        ActionPreview(["manual task: \(task)"])
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        try await context.services.confirm(task)
        return ActionRecord("confirmed: \(task)")
    }

    package static let shape = Shape<Self>(schema: Shape<String>.text.schema) { node, reader in
        Shape<String>.text.read(node, &reader).map { ManualAction(task: $0) }
    }
}
