package import Documents

/// Waits for a duration, `wait: 30s`, or for a condition, `wait: {for: {http: ...}, every: 2s, within: 5m}`.
package struct WaitAction: Action {
    package static let keyword = "wait"
    package static let isCondition = true

    package var time: Period?
    package var condition: AnyAction?
    var polling = Polling()

    package init() {}

    /// True for a wait with a condition. A plain duration verifies nothing.
    package var changesNothing: Bool { condition != nil }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        guard let condition else { return ActionPreview(["wait \(time ?? Period())"]) }
        let limit = polling.within.map { "for up to \($0)" } ?? "until the step's time-out"
        let inner = try await condition.action.preview(in: context)
        return ActionPreview(["wait \(limit), testing every \(polling.every), until:"] + inner.lines.map { "  \($0)" })
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
            about: "Condition to wait for: a read-only action."),
        Key("every", \.polling.every, as: .period, about: "Interval between tests (default: 2s)."),
        Key("within", \.polling.within, as: .period, about: "Maximum time to wait (default: the step's time-out)."),
    ]

    package static let shape = Shape<Self>.short(.period, orSection: Self.self) { time in
        var action = WaitAction()
        action.time = time
        return action
    }
}
