/// One observation: a value, and what it goes with.
package struct Sample: Equatable, Sendable {
    /// What the value depends on: a moment in seconds since 1970, or an amount such as bytes.
    package var x: Double
    package var value: Double

    package init(x: Double, value: Double) {
        self.x = x
        self.value = value
    }
}
