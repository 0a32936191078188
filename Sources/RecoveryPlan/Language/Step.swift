package import StrictYAML

/// One step of a plan.
package struct Step: Equatable, Sendable {
    package enum FailurePolicy: String, Codable, CaseIterable, Sendable {
        /// Nothing further is begun; what runs is cancelled.
        case abort
        /// Steps that need this one are skipped, the others go on; the recovery is then partial at best.
        case `continue`
        /// As abort, and the rollbacks of this step and of all finished ones are run, the latest first.
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
    /// Parameters and the values for which the step belongs to the plan; a step that does not is left out, and what
    /// needs it needs what it needed.
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
}
