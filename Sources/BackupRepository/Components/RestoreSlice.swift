/// A part of a component by what its data are about, where a whole restore takes too long: tenants, a span of time.
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
