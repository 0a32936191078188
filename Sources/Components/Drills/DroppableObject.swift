/// An object that the control run of a drill removes from a restored server, to see that the checks notice.
package struct DroppableObject<Kind: ComponentKind>: Sendable {
    /// In the words of the field: "dashboard".
    package var noun: String
    /// The fact of a manifest that counts such objects: "dashboards".
    package var fact: String
    /// Checks of the kind of which one must fail once the object is gone.
    package var checks: [String]
    /// Removes one object. Blocks.
    /// - Throws: where the server has none, or refuses.
    package var drop: @Sendable (Kind, ComponentContext) throws -> Void

    package init(
        _ noun: String, fact: String, checks: [String],
        drop: @escaping @Sendable (Kind, ComponentContext) throws -> Void
    ) {
        self.noun = noun
        self.fact = fact
        self.checks = checks
        self.drop = drop
    }
}
