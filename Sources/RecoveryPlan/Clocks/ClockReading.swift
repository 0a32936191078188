internal import Documents
internal import FoundationEssentials
internal import Platform

/// A simultaneous reading of the wall clock and the monotonic clock.
struct ClockReading: Sendable {
    var wall: Date
    /// Seconds of the monotonic clock.
    var uptime: Double

    init(wall: Date, uptime: Double) {
        self.wall = wall
        self.uptime = uptime
    }

    init(_ line: JournalLine.Body) { self.init(wall: line.at, uptime: line.uptime) }

    /// Returns a message if the wall clock was set since an earlier reading.
    ///
    /// Slewing by a time service, at most half a thousandth of the elapsed time, does not count.
    /// - Parameter earlier: a reading since the same boot.
    func jump(since earlier: ClockReading) -> String? {
        let passed = uptime - earlier.uptime
        let jump = wall.timeIntervalSince(earlier.wall) - passed
        guard abs(jump) > 5 + passed / 1000 else { return nil }
        let size = Period.seconds(Int(clamping: abs(jump).rounded()))
        return
            "the wall clock jumped \(jump > 0 ? "ahead" : "back") by \(size): durations are correct, they come from the "
            + "monotonic clock; times before and after the jump cannot be compared"
    }
}
