/// Conversions and sums for numbers that come from documents, servers and files. None of them traps.
extension Int {
    /// Makes the whole part of a number, limited to the range of `Int`; 0 for NaN.
    package init(clamping value: Double) {
        if let whole = Int(checked: value) {
            self = whole
        } else {
            self = value.isNaN ? 0 : value < 0 ? .min : .max
        }
    }

    /// Makes the whole part of a number; nil unless it is finite and in the range of `Int`.
    package init?(checked value: Double) {
        // -2^63 is in the range, 2^63 is not.
        guard value >= -0x1p63, value < 0x1p63 else { return nil }
        self.init(value)  // checked: just above
    }

    /// Returns the sum, limited to the range of `Int`.
    package func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// Returns the difference, limited to the range of `Int`.
    package func subtractingClamped(_ other: Int) -> Int {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }

    /// Returns the product, limited to the range of `Int`.
    package func multipliedClamped(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}

extension Sequence<Int> {
    /// Returns the sum, limited to the range of `Int`.
    package func clampedSum() -> Int { reduce(0) { $0.addingClamped($1) } }
}

/// The valid numbers of documents.
package enum DocumentRange {
    /// Sizes, offsets and counts: whole numbers that every JSON reader keeps exactly, up to 2^53.
    package static let sizes = 0...(1 << 53)
    /// Seconds since 1970 of the years 1970 to 9999.
    package static let seconds = 0...253_402_300_799
    /// The same in milliseconds.
    package static let milliseconds = 0...253_402_300_799_999
    /// The range for the oldest of some data: samples before 1970 are possible.
    package static let signedMilliseconds = -milliseconds.upperBound...milliseconds.upperBound
}
