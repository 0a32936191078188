/// A check whose outcome is known before it runs.
package struct FixedCheck: RecoveryCheck {
    package let name: String
    package let component: String?
    package var target: String { "-" }
    private let result: Measurement

    package init(_ name: String, component: String? = nil, _ result: Measurement) {
        self.name = name
        self.component = component
        self.result = result
    }

    /// Skips a check of a component without a server.
    package static func withoutServer(_ name: String, of component: CheckedComponent) -> FixedCheck {
        FixedCheck(name, component: component.name, .skipped("the component has no 'url'"))
    }

    package func measure() -> Measurement { result }
}
