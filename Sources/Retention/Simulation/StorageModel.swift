internal import Foundation

/// A model of how much a repository holds: what a full backup is, how it grows, and how fast it is replaced.
///
/// Data are written once and gone some time later, as blocks, chunks and indices of a monitoring stack are. Then a piece
/// that lies in two sets lies in all sets between them, and what the repository holds is the oldest set, and of each
/// later one what is not left over from the set kept before it. What it leaves out: manifests, and packs that are dead
/// in part until they are written anew.
package struct StorageModel: Hashable, Sendable {
    /// Bytes in the store of one full backup at the start, compressed.
    package var size: Double
    /// Share by which a full backup grows in a month of 30.4375 days.
    package var monthlyGrowth: Double
    /// Share of a backup's data that is gone from the source a day later.
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
    /// Bytes. A growth that nothing could hold stops here, so that sums and prices stay finite.
    private static let most = 1e30

    /// Bytes of one full backup so many seconds after the start.
    func full(after seconds: Int) -> Double {
        min(size * pow(1 + monthlyGrowth, Double(seconds) / 86_400 / Self.daysOfMonth), Self.most)
    }

    /// Bytes that sets made so many seconds after the start take together.
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
