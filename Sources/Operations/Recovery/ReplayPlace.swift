package import RecoveryPlan

/// An isolated place where a plan is replayed, instead of the stack itself.
package protocol ReplayPlace {
    /// The session of the place: its configuration says where each component is restored to.
    var session: Session { get }

    /// The folder of the journals.
    var runs: RunFolder { get }

    /// The plan's parameters in this place.
    /// - Parameter given: the values of the command line.
    func overrides(_ given: [String: String], of text: PlanText, _ session: Session) throws -> [String: String]

    /// The checks that can hold in this place.
    func checks(of plan: Plan) -> [String]

    /// The services that the engine works with in this place.
    func services(_ recovery: StackRecovery) -> any RecoveryServices
}
