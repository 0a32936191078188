import Testing

@testable import Prometheus

@Suite struct RestoredSamplesTests {
    private static let day = 86_400_000

    struct Example: Sendable {
        var retention: String
        /// Days before now.
        var oldest: Int, lowest: Int
        var isExplained: Bool
    }

    /// The server deletes whole blocks beyond its retention: that is no loss of the restore.
    @Test(arguments: [
        Example(retention: "15d", oldest: 40, lowest: 15, isExplained: true),
        Example(retention: "15d", oldest: 40, lowest: 14, isExplained: true),
        Example(retention: "15d", oldest: 40, lowest: 2, isExplained: false),
        Example(retention: "15d", oldest: 10, lowest: 5, isExplained: false),
        Example(retention: "512MiB", oldest: 40, lowest: 2, isExplained: true),
        Example(retention: "15d or 512MiB", oldest: 40, lowest: 2, isExplained: true),
        Example(retention: "0s", oldest: 40, lowest: 2, isExplained: false),
    ])
    func `a later start is explained by the retention only`(_ example: Example) {
        let now = 20_000 * Self.day
        #expect(
            RestoredSamples.isExplained(
                oldest: now - example.oldest * Self.day, lowest: now - example.lowest * Self.day,
                by: ReportedRetention(example.retention), now: now) == example.isExplained)
    }
}
