/// A check of a kind of component: its name, its roles, and its maker.
package struct OfferedCheck<Kind: ComponentKind>: Sendable {
    /// The name in plans and on the command line, unique among all kinds.
    package var name: String
    package var roles: Set<CheckRole>
    /// Makes the check for one component. An error, such as a secret that cannot be read, fails the check.
    package var make: @Sendable (Kind, CheckedComponent) throws -> any RecoveryCheck

    package init(
        _ name: String, roles: Set<CheckRole>,
        make: @escaping @Sendable (Kind, CheckedComponent) throws -> any RecoveryCheck
    ) {
        self.name = name
        self.roles = roles
        self.make = make
    }
}

/// A role for which `dr` selects a check by itself.
package enum CheckRole: Sendable {
    /// Part of the profile "quick", since it is fast.
    case quick
    /// Represents the component in the health report; one check per kind.
    case health
    /// Runs in every drill, in addition to the plan's checks.
    case drill
    /// Fails if the restored server is empty although the set holds data.
    case content
    /// Asks the server for data of the set. It runs after each recovery that restores the component, and a recovery
    /// without a passing proof is not validated.
    case proof
    /// Passes only in the live stack, and so never runs in a drill.
    case live
}
