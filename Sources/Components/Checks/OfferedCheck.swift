/// A check that a kind of component offers: its name, the places where `dr` uses it by itself, and how it is made.
package struct OfferedCheck<Kind: ComponentKind>: Sendable {
    /// The word in plans and on the command line: unique among all kinds.
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

/// A use that `dr` makes of a check by itself.
package enum CheckRole: Sendable {
    /// In the profile "quick": answers at once.
    case quick
    /// Stands for the component in the health report: one check of a kind.
    case health
    /// Made in every drill, beside the plan's own checks.
    case drill
    /// Fails where the restored server is empty although the set holds something.
    case content
    /// True only of the stack in its own place: never made in a drill.
    case live
}
