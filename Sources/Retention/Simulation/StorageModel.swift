internal import FoundationEssentials
internal import Glibc

/// A model of the size of a repository: the size of a full backup, its growth and its rate of change.
///
/// Data are written once and deleted some time later, like blocks, chunks and indices of a monitoring stack. A piece
/// that is in two sets is then in all sets between them. The repository holds the oldest set, and of each later set the
/// data that are not in the kept set before it. The model ignores manifests, and packs that are partly unused until
/// they are rewritten.
package struct StorageModel: Hashable, Sendable {
    /// Bytes in the store of one full backup at the start, compressed.
    package var size: Double
    /// Share by which a full backup grows in a month of 30.4375 days.
    package var monthlyGrowth: Double
    /// The growth that simulations assume unless the operator gives one, in per cent a month.
    package static let usualGrowth = 0
    /// Share of a backup's data that the source no longer has a day later.
    package var dailyChange: Double
    /// Price of keeping a GB (1,000,000,000 bytes) for a month.
    package var pricePerGBMonth: Double

    package init(
        size: Double = 1_073_741_824, monthlyGrowth: Double = 0, dailyChange: Double = 0.05,
        pricePerGBMonth: Double = 0.023
    ) {
        self.size = size
        self.monthlyGrowth = monthlyGrowth
        self.dailyChange = dailyChange
        self.pricePerGBMonth = pricePerGBMonth
    }

    static let daysOfMonth = 30.4375
    /// A bound in bytes. Unlimited growth stops here, so that sums and prices stay finite.
    private static let most = 1e30

    /// Bytes of one full backup this many seconds after the start.
    func full(after seconds: Int) -> Double {
        min(size * pow(1 + monthlyGrowth, Double(seconds) / 86_400 / Self.daysOfMonth), Self.most)
    }

    /// Bytes of all sets made this many seconds after the start.
    /// - Parameter ages: ascending.
    func stored(_ ages: some Sequence<Int>) -> Double {
        var sum = 0.0
        var previous: (age: Int, bytes: Double)?
        for age in ages {
            let bytes = full(after: age)
            var left = 0.0
            if let previous {
                left = previous.bytes * pow(1 - dailyChange, Double(age - previous.age) / 86_400)
            }
            sum += max(0, bytes - left)
            previous = (age, bytes)
        }
        return sum
    }

    func pricePerMonth(_ bytes: Double) -> Double { bytes / 1e9 * pricePerGBMonth }
}
