package import RecoveryPlan

/// An isolated environment in which a plan is run, instead of the stack itself.
package protocol ReplayPlace {
    /// The session of the environment; its configuration names the target of each component.
    var session: Session { get }

    /// The folder of the journals.
    var runs: RunFolder { get }

    /// The plan's parameters in this environment.
    /// - Parameter given: the values of the command line.
    func overrides(_ given: [String: String], of text: PlanText, _ session: Session) throws -> [String: String]

    /// The checks that can pass in this environment.
    func checks(of plan: Plan) -> [String]

    /// The services of the engine in this environment.
    func services(_ recovery: StackRecovery) -> any RecoveryServices
}
