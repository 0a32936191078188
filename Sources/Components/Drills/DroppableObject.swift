/// An object that the control run of a drill removes from a restored server, so that the checks must fail.
package struct DroppableObject<Kind: ComponentKind>: Sendable {
    /// The type of object: "dashboard".
    package var noun: String
    /// The checks of the kind of which one must fail after the removal.
    package var checks: [String]
    /// True if a backup holds such an object, by the facts of its manifest and the time in milliseconds since 1970.
    package var isHeld: @Sendable (_ facts: [String: String], _ now: Int) -> Bool
    /// Removes one object. Blocks.
    /// - Throws: an error if the server has none, or refuses.
    package var drop: @Sendable (Kind, ComponentContext) throws -> Void

    package init(
        _ noun: String, checks: [String], isHeld: @escaping @Sendable (_ facts: [String: String], _ now: Int) -> Bool,
        drop: @escaping @Sendable (Kind, ComponentContext) throws -> Void
    ) {
        self.noun = noun
        self.checks = checks
        self.isHeld = isHeld
        self.drop = drop
    }
}
