package import Documents

/// One step of a plan.
package struct Step: Equatable, Sendable {
    package enum FailurePolicy: String, Codable, CaseIterable, Sendable {
        /// Nothing further is begun; what runs is cancelled.
        case abort
        /// Steps that need this one are skipped, the others go on; the recovery is then partial at best.
        case `continue`
        /// As abort, and the rollbacks of this step, of cancelled and of finished ones are run, the latest first.
        case rollback
    }

    package struct Retry: Equatable, Sendable {
        /// Tries in all, the first one included.
        package var attempts = 1
        /// The first wait; it doubles with each one.
        package var backoff = Period.seconds(10)

        package init() {}
    }

    package var id = ""
    package var location = Location(file: "")
    /// For people; the action's preview where left out.
    package var about: String?
    /// Steps that must be done before this one begins.
    package var needs: [String] = []
    /// Parameters and the values for which the step belongs to the plan. They hold: a plan has no other steps.
    package var when: [String: String] = [:]
    package var action: AnyAction?
    /// Before the action, such as stopping the server whose data are replaced.
    package var stop: [AnyAction] = []
    /// After the action and before the postconditions; also run when the action failed after `stop` was done.
    package var start: [AnyAction] = []
    /// For one attempt, `stop`, `start` and `verify` included.
    package var timeout = Period.minutes(30)
    package var retry = Retry()
    /// What must hold once the step is done; asked again by a resumed run, which trusts no record.
    package var verify: [AnyAction] = []
    package var onFailure = FailurePolicy.abort
    package var rollback: [AnyAction] = []

    package init() {}

    /// All that it may do, in the order in which it is done; `rollback` last.
    package var actions: [AnyAction] { stop + (action.map { [$0] } ?? []) + start + verify + rollback }
}

extension Step: Section {
    package static let keys: [Key<Self>] =
        [
            Key("id", \.id, as: .identifier, required: true, about: "Its name, for 'needs' and the journal."),
            Key("about", \.about, as: .text, about: "What it does, in a line; the action's own words when left out."),
            Key("needs", \.needs, as: .list(of: .identifier), about: "Steps that must be done before it begins."),
            Key(
                "when", \.condition, as: .condition,
                about: "Parameters and their values, or a component, without which the step is left out."),
        ] + ActionKind.supported.map { Key($0.keyword, \.action, as: $0.reference, about: $0.about) } + [
            Key("stop", \.stop, as: .list(of: .action), about: "Done before the action, such as stopping a server."),
            Key("start", \.start, as: .list(of: .action), about: "Done after the action, also when it failed."),
            Key(
                "timeout", \.timeout, as: .period,
                about: "For one attempt, with 'stop', 'start' and 'verify'; 30m when left out."),
            Key("retry", \.retry, as: .section(), about: "How often to try, and how long to wait in between."),
            Key("verify", \.verify, as: .list(of: .conditionAction), about: "What must hold for the step to be done."),
            Key(
                "on_failure", \.onFailure, as: .word(),
                about: "What happens when it fails for good; 'abort' when left out."),
            Key("rollback", \.rollback, as: .list(of: .action), about: "How it is undone."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        let actions = ActionKind.supported.map(\.keyword).filter(written.contains)
        if actions.isEmpty {
            reader.complain(
                written.section, "step '\(id)' does nothing",
                hint: "give it one of \(ActionKind.supported.map(\.keyword).joined(separator: ", "))")
        }
        for extra in actions.dropFirst() {
            reader.complain(
                written[extra], "step '\(id)' has two actions, '\(actions[0])' and '\(extra)'",
                hint: "make a step of each, or put one into 'stop' or 'start'")
        }
        if needs.contains(id) { reader.complain(written["needs"], "step '\(id)' needs itself") }
    }

    /// A step in a list, which knows where it stands.
    static let shape = Shape<Step>(schema: schema) { node, reader in
        var step = reader.section(Step.self, from: node)
        step?.location = reader.location(of: node)
        return step
    }

    private static var schema: JSONValue {
        let one = ActionKind.supported.map { JSONValue.object(["required": [.string($0.keyword)]]) }
        return Step.schema().adding(["oneOf": .array(one)])
    }

    /// The part of `when` that a plan keeps: whether a component is there was decided when it was read.
    private var condition: Condition {
        get { Condition(parameters: when) }
        set { when = newValue.parameters }
    }
}

extension Step.Retry: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "attempts", \.attempts, as: .count(1...100), about: "Tries in all, the first one included; 1 when left out."
        ),
        Key("backoff", \.backoff, as: .period, about: "The first wait, which doubles each time; 10s when left out."),
    ]
}
