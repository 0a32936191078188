internal import Documents
internal import Foundation
internal import Platform

/// Both clocks at one moment.
struct ClockReading: Sendable {
    var wall: Date
    /// Of the monotonic clock.
    var uptime: Double

    init(wall: Date, uptime: Double) {
        self.wall = wall
        self.uptime = uptime
    }

    init(_ line: JournalLine.Body) { self.init(wall: line.at, uptime: line.uptime) }

    /// A wall clock that was set meanwhile, in words. What a time service corrects bit by bit, at most half a
    /// thousandth of the time that passes, is none.
    /// - Parameter earlier: of the same start of the machine.
    func jump(since earlier: ClockReading) -> String? {
        let passed = uptime - earlier.uptime
        let jump = wall.timeIntervalSince(earlier.wall) - passed
        guard abs(jump) > 5 + passed / 1000 else { return nil }
        let size = Period.seconds(Int(clamping: abs(jump).rounded()))
        return
            "the wall clock jumped \(jump > 0 ? "ahead" : "back") by \(size): lengths of time are right, they come from "
            + "the monotonic clock; moments before and after the jump do not compare"
    }
}
