import Testing

@testable import Prometheus

@Suite struct RestoredSamplesTests {
    private static let day = 86_400_000

    /// The server deletes whole blocks beyond its retention: that is no loss of the restore.
    @Test(arguments: [
        ("15d", 40, 15, true), ("15d", 40, 14, true), ("15d", 40, 2, false), ("15d", 10, 5, false),
        ("512MiB", 40, 2, true), ("15d or 512MiB", 40, 2, true), ("0s", 40, 2, false),
    ])
    func `a later start is explained by the retention only`(
        _ retention: String, _ oldest: Int, _ lowest: Int, _ isExplained: Bool
    ) {
        let now = 20_000 * Self.day
        #expect(
            RestoredSamples.isExplained(
                oldest: now - oldest * Self.day, lowest: now - lowest * Self.day, by: ReportedRetention(retention),
                now: now) == isExplained)
    }
}
