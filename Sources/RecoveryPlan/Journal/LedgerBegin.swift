/// The entry of the ledger in which a run began.
package struct LedgerBegin: Codable, Equatable, Sendable {
    /// The number of the entry; nil if the run wrote none, such as on a machine without a configuration.
    package var number: Int?
    /// The number of the entry before it; nil if it is the first.
    package var previousNumber: Int?
    /// The SHA-256 of the entry before it as it is stored, in hexadecimal.
    package var previous: String?

    package init(number: Int?, previousNumber: Int?, previous: String?) {
        self.number = number
        self.previousNumber = previousNumber
        self.previous = previous
    }
}
