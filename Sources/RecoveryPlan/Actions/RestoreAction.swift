package import Documents

/// Restores one component: `restore: metrics`, or `restore: {component: metrics, to: /data}`.
package struct RestoreAction: Action {
    package static let keyword = "restore"
    package static let isCondition = false

    package var component = ""
    /// See ``ComponentRestoreRequest/to``.
    package var to: String?
    package var paths: [String] = []
    package var replace = true
    package var previous = PreviousContentUse.keep
    /// See ``ComponentRestoreRequest/hold``.
    package var hold = false
    /// See ``ComponentRestoreRequest/seed``.
    package var seed = true

    package init() {}

    package var request: ComponentRestoreRequest {
        ComponentRestoreRequest(
            component: component, to: to, paths: paths, replace: replace, previous: previous, hold: hold,
            seed: seed)
    }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        try await context.services.previewRestore(request, in: context.run, stopped: context.stopped)
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        let restored = try await context.services.restore(request, in: context.run)
        return ActionRecord(
            "restored \(component) from \(restored.set): \(restored.files) files, \(restored.bytes) bytes"
                + (restored.origin.map { "; \($0)" } ?? ""),
            restored: restored)
    }
}

extension RestoreAction: Section {
    package static let keys: [Key<Self>] = [
        Key("component", \.component, as: .text, required: true, about: "Name of the component in dr.yaml."),
        Key("to", \.to, as: .path, about: "Target directory (default: the component's own in dr.yaml)."),
        Key("paths", \.paths, as: .list(of: .text), about: "Paths in the component to restore (default: all)."),
        Key("replace", \.replace, as: .flag, about: "Move existing files aside and continue (default: true)."),
        Key(
            "previous", \.previous, as: .word(),
            about:
                "Replaced content: 'keep' it beside the target, or 'discard' it after the run is validated (default: keep)."
        ),
        Key(
            "hold", \.hold, as: .flag,
            about: "Restore the workloads of a cluster with 0 replicas; a later 'scale' starts them (default: false)."),
        Key(
            "seed", \.seed, as: .flag,
            about:
                "Take unchanged content from the target and from snapshots of its volume, verified by its hash (default: true)."
        ),
    ]

    package static let shape = Shape<Self>.short(.text, orSection: Self.self) { component in
        var action = RestoreAction()
        action.component = component
        return action
    }
}
