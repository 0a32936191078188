/// The offset of a clock from UTC, as an argument: `+02:00`, `-0500` or `Z`.
package struct UTCOffset: Sendable {
    /// Seconds east of UTC.
    package let seconds: Int

    package init?(argument: String) {
        guard let seconds = ForeignTime.seconds(ofZone: argument[...]) else { return nil }
        self.seconds = seconds
    }
}
