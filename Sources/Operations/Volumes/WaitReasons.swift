/// The reasons of a wait, of which each is told once. Those that pass within seconds are usual, and are not told.
struct WaitReasons {
    /// The time for which a wait is usual.
    static let usual = Duration.seconds(5)

    private let start: ContinuousClock.Instant
    private var told: Set<String> = []

    init(start: ContinuousClock.Instant = .now) { self.start = start }

    /// - Returns: true if the reason is to be told now.
    mutating func isNew(_ reason: String, at now: ContinuousClock.Instant) -> Bool {
        guard now >= start + Self.usual else { return false }
        return told.insert(reason).inserted
    }
}
