/// The lowest allowed speed of a transfer, measured over windows of equal length. A peer that sends a byte now and then
/// is never silent for long, and could hold a request for ever.
struct LeastRate {
    let window: Duration
    /// The minimum number of bytes in each window.
    let least: Int
    private var start: ContinuousClock.Instant?
    private var moved = 0

    /// - Parameter rate: bytes a second; 0 for no limit.
    init(rate: Int, window: Duration) {
        self.window = window
        // A window of years has no limit.
        let bytes = (Double(max(0, rate)) * (window / .seconds(1))).rounded()
        least = Int(exactly: bytes) ?? 0
    }

    /// - Parameter total: bytes that the whole transfer has moved so far.
    /// - Returns: true if a window has passed in which too few bytes moved.
    mutating func isMissed(total: Int, at now: ContinuousClock.Instant) -> Bool {
        guard let start, total >= moved else {
            restart(total: total, at: now)
            return false
        }
        guard now - start >= window else { return false }
        let isMissed = total - moved < least
        restart(total: total, at: now)
        return isMissed
    }

    /// Begins a new window with the next measurement, because the transfer is not expected to move now.
    mutating func pause() { start = nil }

    /// Excludes the time that this side used.
    mutating func exclude(_ time: Duration) { start = start?.advanced(by: time) }

    private mutating func restart(total: Int, at now: ContinuousClock.Instant) {
        start = now
        moved = total
    }
}
