/// A part of a component, by tenants and time span, for cases in which a whole restore takes too long.
package struct RestoreSlice: Equatable, Sendable {
    /// Names; empty for all.
    package var tenants: Set<String>
    /// Milliseconds since 1970.
    package var times: ClosedRange<Int>

    package init(tenants: Set<String> = [], times: ClosedRange<Int> = Int.min...Int.max) {
        self.tenants = tenants
        self.times = times
    }

    package func contains(tenant: String) -> Bool { tenants.isEmpty || tenants.contains(tenant) }
}
