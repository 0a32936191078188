import Synchronization

/// Counts the wrong tokens of each network in one minute, so that a client that tries many gets quick refusals.
///
/// A right token is never refused: visitors behind one proxy share its address.
final class WrongTokens: Sendable {
    /// The number of wrong tokens in one minute that are answered after a pause.
    static let most = 30
    static let period = Duration.seconds(60)
    /// The maximum number of networks in the table.
    static let mostNetworks = 1024

    private struct Count {
        var start: ContinuousClock.Instant
        var number: Int
    }

    private let counts = Mutex<[[UInt8]: Count]>([:])

    /// The number of networks in the table.
    var networks: Int { counts.withLock(\.count) }

    /// Counts one more wrong token.
    /// - Returns: nil within the limit; above it, the seconds until the minute of the network ends.
    func add(from network: [UInt8], now: ContinuousClock.Instant = .now) -> Int? {
        counts.withLock { counts in
            var count =
                counts[network].flatMap { now - $0.start < Self.period ? $0 : nil }
                ?? Count(start: now, number: 0)
            if counts[network] == nil, counts.count >= Self.mostNetworks { Self.makeRoom(in: &counts, now: now) }
            count.number = min(count.number + 1, Self.most + 1)
            counts[network] = count
            guard count.number > Self.most else { return nil }
            let rest = (Self.period - (now - count.start)).components
            return max(1, Int(clamping: rest.seconds) + (rest.attoseconds > 0 ? 1 : 0))
        }
    }

    /// Removes the networks whose minute has ended, or else the one with the fewest wrong tokens: those above the limit
    /// stay.
    private static func makeRoom(in counts: inout [[UInt8]: Count], now: ContinuousClock.Instant) {
        counts = counts.filter { now - $0.value.start < period }
        guard counts.count >= mostNetworks else { return }
        let least = counts.min { ($0.value.number, $0.value.start) < ($1.value.number, $1.value.start) }
        if let least { counts.removeValue(forKey: least.key) }
    }
}
