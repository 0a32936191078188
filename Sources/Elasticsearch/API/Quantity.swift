internal import Documents

extension JSONValue {
    /// A count or a size in bytes as a server gives it: a whole number from 0 to 2^53. Nil for anything else, such as a
    /// negative number or one with a fraction.
    var quantity: Int? { integer.flatMap { (0...Int.greatestQuantity).contains($0) ? $0 : nil } }

    /// A time in milliseconds since 1970, of the years 1970 to 9999; nil for anything else.
    var milliseconds: Int? { integer.flatMap { (0...253_402_300_799_999).contains($0) ? $0 : nil } }
}

extension Int {
    static let greatestQuantity = 1 << 53

    /// The sum of two quantities, which is a quantity too: at most 2^53.
    func plus(_ other: Int) -> Int {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? Self.greatestQuantity : Swift.min(sum, Self.greatestQuantity)
    }
}
