/// An object that the control run of a drill removes from a restored server, to see that the checks notice.
package struct DroppableObject<Kind: ComponentKind>: Sendable {
    /// In the words of the field: "dashboard".
    package var noun: String
    /// Checks of the kind of which one must fail once the object is gone.
    package var checks: [String]
    /// True if a backup holds such an object, by the facts of its manifest and the time in milliseconds since 1970.
    package var isHeld: @Sendable (_ facts: [String: String], _ now: Int) -> Bool
    /// Removes one object. Blocks.
    /// - Throws: where the server has none, or refuses.
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
