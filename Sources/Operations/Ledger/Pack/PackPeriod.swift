import BackupRepository

/// Finds the entries of a period in a ledger, whose entries are only almost in order of time: clocks differ, and an entry
/// that could not be written follows later.
///
/// The pack ends only at entries that prove its ends: the entry before it is earlier than the period, and the entry after it
/// is later. Entries of another time between them are part of the pack.
struct PackPeriod {
    let from: Timestamp?
    let to: Timestamp?
    private var start: Int?
    private var lower: Int?
    private var upper: Int?
    private var isClosed = false

    init(from: Timestamp?, to: Timestamp?) {
        self.from = from
        self.to = to
    }

    /// The numbers of the entries; nil if none is of the period.
    var numbers: ClosedRange<Int>? {
        guard let lower, let upper else { return nil }
        return lower...max(lower, upper)
    }

    /// Takes the next entry, in the order of the numbers.
    /// - Parameter at: nil for an object that is not an entry.
    mutating func take(_ number: Int, at: Timestamp?) {
        if let at, !isEarlier(at), !isLater(at) {
            lower = lower ?? start ?? number
            (upper, isClosed) = (number, false)
        } else if lower == nil {
            // The entry before the period is the last one that is earlier.
            if let at, isEarlier(at) { start = nil } else { start = start ?? number }
        } else if let at, isLater(at) {
            isClosed = true
        } else if !isClosed {
            upper = number
        }
    }

    func isEarlier(_ at: Timestamp) -> Bool { from.map { at < $0 } ?? false }
    func isLater(_ at: Timestamp) -> Bool { to.map { $0 < at } ?? false }
}
