package import Documents

/// Waits for a time, `wait: 30s`, or for a condition, `wait: {for: {http: ...}, every: 2s, within: 5m}`.
package struct WaitAction: Action {
    package static let keyword = "wait"
    package static let isCondition = true

    package var time: Period?
    package var condition: AnyAction?
    var polling = Polling()

    package init() {}

    /// That time passes proves nothing: only waiting for something is a condition.
    package var changesNothing: Bool { condition != nil }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        guard let condition else { return ActionPreview(["wait \(time ?? Period())"]) }
        let limit = polling.within.map { "for at most \($0)" } ?? "as long as the step may take"
        let inner = try await condition.action.preview(in: context)
        return ActionPreview(["wait \(limit), asking every \(polling.every), until:"] + inner.lines.map { "  \($0)" })
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        guard let condition else {
            let time = time ?? Period()
            try await Task.sleep(for: time.duration)
            return ActionRecord("waited \(time)")
        }
        return try await polling.run(in: context) { try await condition.action.perform(in: context) }
    }
}

extension WaitAction: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "for", \.condition, as: .conditionAction, required: true,
            about: "What must hold: an action that only looks."),
        Key("every", \.polling.every, as: .period, about: "How often to ask; 2s when left out."),
        Key(
            "within", \.polling.within, as: .period,
            about: "How long to ask; as long as the step may take when left out."),
    ]

    package static let shape = Shape<Self>.short(.period, orSection: Self.self) { time in
        var action = WaitAction()
        action.time = time
        return action
    }
}
