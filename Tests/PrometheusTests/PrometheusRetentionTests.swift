import Testing

@testable import Prometheus

@Suite struct PrometheusRetentionTests {
    @Test(
        arguments: [
            ("0B", 0), ("100B", 100), ("512MiB", 512 << 20), ("1MiB512KiB", 1536 << 10), ("1GiB476MiB", 1500 << 20),
            ("1GiB512MiB", 1536 << 20), ("1EiB", 1 << 60), ("7EiB1023PiB", Int.max - (1 << 50) + 1),
            ("1TiB2GiB3MiB4KiB5B", 1 << 40 + 2 << 30 + 3 << 20 + 4 << 10 + 5), ("1.5GiB", 1536 << 20),
            // Prometheus treats units without an "i" as powers of two as well.
            ("1500MB", 1500 << 20), ("8EiB", nil), ("9999999999999EiB", nil), ("1e300GiB", nil), ("", nil),
            ("MiB", nil),
            ("512", nil), ("1 GiB", nil), ("-1MiB", nil), ("1XiB", nil), ("1mib", nil), ("..MiB", nil),
        ] as [(String, Int?)])
    func `sizes are read in Prometheus' notation`(text: String, bytes: Int?) {
        #expect(PrometheusSize.parse(text) == bytes)
    }

    @Test func `a retention has a time, a size, a share, or a part that is not known`() {
        func limits(_ text: String) -> [String] {
            let retention = PrometheusRetention(text)
            return [
                retention.time.map { "time \($0)" }, retention.size.map { "size \($0)" },
                retention.percentage.map { "share \($0)" }, retention.isUnclear ? "unclear" : nil,
            ].compactMap { $0 }
        }
        #expect(limits("15d") == ["time 1296000000"])
        #expect(limits("1y2d or 1MiB512KiB") == ["time 31708800000", "size 1572864"])
        #expect(limits("1h30m or 80%") == ["time 5400000", "share 80.0"])
        #expect(limits("15d or 1 GB") == ["time 1296000000", "unclear"])
        #expect(limits("for ever") == ["unclear"])
        #expect(limits("") == ["unclear"])
        #expect(limits("nan%") == ["unclear"])
    }
}
