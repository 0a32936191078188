package import Documents

/// Brings one component back: `restore: prometheus`, or `restore: {component: prometheus, to: /prometheus}`.
package struct RestoreAction: Action {
    package static let keyword = "restore"
    package static let isCondition = false

    package var component = ""
    /// As in ``ComponentRestoreRequest``.
    package var to: String?
    package var paths: [String] = []
    package var replace = true
    package var previous = PreviousContentUse.keep

    package init() {}

    private var request: ComponentRestoreRequest {
        ComponentRestoreRequest(
            component: component, to: to, paths: paths, replace: replace, previous: previous)
    }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        try await context.services.previewRestore(request, in: context.run)
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        let restored = try await context.services.restore(request, in: context.run)
        return ActionRecord(
            "restored \(component) from \(restored.set): \(restored.files) files, \(restored.bytes) bytes",
            restored: restored)
    }
}

extension RestoreAction: Section {
    package static let keys: [Key<Self>] = [
        Key("component", \.component, as: .text, required: true, about: "The component, by its name in dr.yaml."),
        Key("to", \.to, as: .path, about: "Where it goes; its own place in dr.yaml when left out."),
        Key("paths", \.paths, as: .list(of: .text), about: "Only what is below these paths in it."),
        Key(
            "replace", \.replace, as: .flag, about: "Keep what is in the way beside it, and go on; true when left out."),
        Key(
            "previous", \.previous, as: .word(),
            about:
                "Replaced content: 'keep' it beside the target, or 'discard' it once the run is validated; keep by default."
        ),
    ]

    package static let shape = Shape<Self>.short(.text, orSection: Self.self) { component in
        var action = RestoreAction()
        action.component = component
        return action
    }
}
