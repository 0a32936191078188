package import Documents

/// One step of a plan.
package struct Step: Equatable, Sendable {
    package enum FailurePolicy: String, Codable, CaseIterable, Sendable {
        /// No further step starts; running steps are cancelled.
        case abort
        /// Steps that need this one are skipped, the others continue. The recovery is then partial at best.
        case `continue`
        /// Steps that need this one run all the same. The recovery is then partial at best.
        case proceed
        /// As `abort`; then the rollbacks of this step, of cancelled and of finished steps run, the latest first.
        case rollback

        /// True if the run ends.
        package var isFatal: Bool { self == .abort || self == .rollback }
    }

    package struct Retry: Equatable, Sendable {
        /// The maximum number of attempts, including the first.
        package var attempts = 1
        /// The wait before the second attempt; it doubles with each further attempt.
        package var backoff = Period.seconds(10)

        package init() {}
    }

    package var id = ""
    package var location = Location(file: "")
    /// A description for display; nil for the action's preview.
    package var about: String?
    /// The steps that must finish before this one starts.
    package var needs: [String] = []
    /// The parameter values that the step requires. They hold, because a plan contains no other steps.
    package var when: [String: String] = [:]
    package var action: AnyAction?
    /// Actions before the main action, such as stopping the server whose data are replaced.
    package var stop: [AnyAction] = []
    /// Actions after the main action and before the postconditions. They also run if the action failed after `stop`.
    package var start: [AnyAction] = []
    /// The time-out of one attempt, including `stop`, `start` and `verify`.
    package var timeout = Period.minutes(30)
    package var retry = Retry()
    /// The postconditions. A resumed run verifies them again instead of relying on the journal.
    package var verify: [AnyAction] = []
    package var onFailure = FailurePolicy.abort
    package var rollback: [AnyAction] = []

    package init() {}

    /// All actions of the step in the order of execution; `rollback` last.
    package var actions: [AnyAction] { stop + (action.map { [$0] } ?? []) + start + verify + rollback }
}

extension Step: Section {
    package static let keys: [Key<Self>] =
        [
            Key("id", \.id, as: .identifier, required: true, about: "Name of the step, for 'needs' and the journal."),
            Key("about", \.about, as: .text, about: "Description, in one line (default: the action's preview)."),
            Key("needs", \.needs, as: .list(of: .identifier), about: "Steps that must finish before this one starts."),
            Key(
                "when", \.condition, as: .condition,
                about: "Parameter values, or a component, that the step requires; otherwise it is skipped."),
        ] + ActionKind.supported.map { Key($0.keyword, \.action, as: $0.reference, about: $0.about) } + [
            Key(
                "stop", \.stop, as: .list(of: .action),
                about: "Actions before the main action, such as stopping a server."),
            Key("start", \.start, as: .list(of: .action), about: "Actions after the main action, also if it failed."),
            Key(
                "timeout", \.timeout, as: .period,
                about: "Time-out of one attempt, including 'stop', 'start' and 'verify' (default: 30m)."),
            Key("retry", \.retry, as: .section(), about: "Number of attempts, and the wait between them."),
            Key(
                "verify", \.verify, as: .list(of: .conditionAction),
                about: "Postconditions that must hold for the step to succeed."),
            Key(
                "on_failure", \.onFailure, as: .word(),
                about: "Reaction to the final failure of the step (default: abort)."),
            Key("rollback", \.rollback, as: .list(of: .action), about: "Actions that undo the step."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        let actions = ActionKind.supported.map(\.keyword).filter(written.contains)
        if actions.isEmpty {
            reader.complain(
                written.section, "step '\(id)' has no action",
                hint: "add one of \(ActionKind.supported.map(\.keyword).joined(separator: ", "))")
        }
        for extra in actions.dropFirst() {
            reader.complain(
                written[extra], "step '\(id)' has two actions, '\(actions[0])' and '\(extra)'",
                hint: "make two steps, or move one action to 'stop' or 'start'")
        }
        if needs.contains(id) { reader.complain(written["needs"], "step '\(id)' needs itself") }
    }

    /// A step in a list, with its location.
    static let shape = Shape<Step>(schema: schema) { node, reader in
        var step = reader.section(Step.self, from: node)
        step?.location = reader.location(of: node)
        return step
    }

    private static var schema: JSONValue {
        let one = ActionKind.supported.map { JSONValue.object(["required": [.string($0.keyword)]]) }
        return Step.schema().adding(["oneOf": .array(one)])
    }

    /// The part of `when` that a plan keeps. A condition on a component is evaluated when the plan is read.
    private var condition: Condition {
        get { Condition(parameters: when) }
        set { when = newValue.parameters }
    }
}

extension Step.Retry: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "attempts", \.attempts, as: .count(1...100),
            about: "Maximum number of attempts, including the first (default: 1)."),
        Key(
            "backoff", \.backoff, as: .period,
            about: "Wait before the second attempt; doubles with each further attempt (default: 10s)."),
    ]
}
