/// A component for checks: its settings, and the facts of the backup set that it is compared with.
package struct CheckedComponent: Sendable {
    package var name: String
    package var settings: any ComponentKind
    package var context: ComponentContext
    /// The facts in the set's manifest; nil without a set, or if the set does not hold the component.
    package var facts: [String: String]?
    /// The time of the newest datum in the set, in milliseconds since 1970.
    package var watermark: Int?
    /// The time of the capture, in milliseconds since 1970.
    package var captured: Int?

    package init(_ settings: any ComponentKind, _ context: ComponentContext) {
        name = context.name
        self.settings = settings
        self.context = context
    }

    package var kind: any ComponentKind.Type { type(of: settings) }

    /// True if results of its queries can be recorded and compared.
    package var recordsQueries: Bool { kind.recordedQueries != nil }
}
