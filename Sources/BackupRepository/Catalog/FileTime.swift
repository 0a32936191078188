/// A time of a file system: any 64-bit number of seconds, with nanoseconds.
///
/// A 64-bit number of nanoseconds ends in the year 2262. File systems support later times, and wrong clocks write them.
package struct FileTime: Hashable, Sendable, Comparable {
    /// Since 1970; negative before that, rounded down.
    package let seconds: Int
    /// `0..<1_000_000_000`, added to ``seconds``.
    package let nanoseconds: Int

    /// - Returns: nil if `nanoseconds` is out of its range.
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

    /// Nanoseconds since 1970; nil for a time that does not fit in 64 bits.
    package var totalNanoseconds: Int? {
        let (product, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isTooLate) = product.addingReportingOverflow(nanoseconds)
        return isTooFar || isTooLate ? nil : sum
    }

    /// Nanoseconds since 1970; the nearest representable number for a time that does not fit in 64 bits.
    package var nearestNanoseconds: Int { totalNanoseconds ?? (seconds < 0 ? .min : .max) }

    package static func < (left: Self, right: Self) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
