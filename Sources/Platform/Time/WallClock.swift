package import FoundationEssentials

/// The clock that tells the time of day. Durations are measured with `ContinuousClock`.
package struct WallClock: Sendable {
    private let read: @Sendable () -> Date

    /// A clock that shows what `read` returns: a fixed time for a test.
    package init(_ read: @escaping @Sendable () -> Date) { self.read = read }

    /// The clock of this machine.
    package static let system = WallClock { Date() }

    package var now: Date { read() }

    /// Seconds since 1970.
    package var seconds: Int { Int(clamping: now.timeIntervalSince1970.rounded(.down)) }

    /// Milliseconds since 1970.
    package var milliseconds: Int { Int(clamping: (now.timeIntervalSince1970 * 1000).rounded(.down)) }
}
