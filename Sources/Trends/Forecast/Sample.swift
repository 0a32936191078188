/// One observation: a value and its position.
package struct Sample: Equatable, Sendable {
    /// The quantity that the value depends on: a time in seconds since 1970, or an amount such as bytes.
    package var x: Double
    package var value: Double

    package init(x: Double, value: Double) {
        self.x = x
        self.value = value
    }
}
