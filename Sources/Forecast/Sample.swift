/// One observation.
package struct Sample: Equatable, Sendable {
    /// Seconds since 1970.
    package var time: Double
    package var value: Double

    package init(time: Double, value: Double) {
        self.time = time
        self.value = value
    }
}
