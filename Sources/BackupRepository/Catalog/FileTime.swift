/// A moment as file systems keep it: any 64-bit number of seconds, to the nanosecond.
///
/// One number of nanoseconds ends in the year 2262; file systems hold later times, and damaged clocks write them.
package struct FileTime: Hashable, Sendable, Comparable {
    /// Since 1970; before it negative, rounded down.
    package let seconds: Int
    /// `0..<1_000_000_000`, after ``seconds``.
    package let nanoseconds: Int

    /// - Returns: nil when `nanoseconds` is out of its range.
    package init?(seconds: Int, nanoseconds: Int) {
        guard (0..<1_000_000_000).contains(nanoseconds) else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// - Parameter total: nanoseconds since 1970.
    package init(nanoseconds total: Int) {
        let (quotient, remainder) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
        seconds = remainder < 0 ? quotient - 1 : quotient
        nanoseconds = remainder < 0 ? remainder + 1_000_000_000 : remainder
    }

    /// Nanoseconds since 1970; nil for a time that 64 bits cannot count so.
    package var totalNanoseconds: Int? {
        let (product, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isTooLate) = product.addingReportingOverflow(nanoseconds)
        return isTooFar || isTooLate ? nil : sum
    }

    /// Nanoseconds since 1970; of a time that 64 bits cannot count so, the nearest that they can.
    package var nearestNanoseconds: Int { totalNanoseconds ?? (seconds < 0 ? .min : .max) }

    package static func < (left: Self, right: Self) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
