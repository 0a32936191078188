import Components
import Prometheus
import BackupRepository
import Components
import Prometheus
import StackConfiguration
import Testing
import Trends

@testable import Operations

@Suite struct CapacityReportTests {
    private static let now = Timestamp(seconds: 1_796_000_000)
    private static let day = 86_400.0

    /// A row of samples, one a day, up to now.
    private static func row(
        _ values: [Double], unit: MetricResource.Unit = .ratio, warning: Double? = nil, critical: Double? = nil
    ) -> CapacityReport.Row {
        let resource = CapacityResource(
            name: "disk", unit: unit, thresholds: Thresholds(warning: warning, critical: critical),
            advice: "enlarge the volume")
        let first = Double(now.seconds) - Double(values.count - 1) * day
        let samples = values.enumerated().map { Sample(x: first + Double($0.offset) * day, value: $0.element) }
        let measured = MeasuredResource(resource: resource, labels: ["instance": "host-1"], samples: samples)
        return CapacityReport.Row(measured, now: Double(now.seconds))
    }

    /// From 0.10 to 0.50, 0.01 a day.
    private static let growing = (10...50).map { Double($0) / 100 }

    @Test func `a line that reaches the threshold says in how many days`() throws {
        let row = Self.row(Self.growing, warning: 0.6, critical: 0.8)
        #expect(row.warning?.inDays == 10)
        #expect(row.critical?.inDays == 30)
        #expect(row.urgency == "critical")
        #expect(row.recommendation == "enlarge the volume")
        #expect(abs(try #require(row.changePerDay) - 0.01) < 1e-9)
        #expect(row.note == nil)
    }

    @Test func `a threshold that is passed is due now`() {
        let row = Self.row(Self.growing, warning: 0.4)
        #expect(row.warning?.inDays == 0)
        #expect(row.warning?.earliestInDays == 0)
        #expect(row.urgency == "high")
    }

    @Test func `a threshold beyond a year has no day`() {
        let row = Self.row((0...40).map { 0.1 + Double($0) / 100_000 }, warning: 0.9)
        #expect(row.warning != nil)
        #expect(row.warning?.inDays == nil)
        #expect(row.recommendation == nil)
    }

    @Test func `an amount that shrinks is never forecast below zero`() {
        let row = Self.row((0...40).map { Double(41 - $0) }, unit: .count)
        #expect(row.forecasts.map(\.value).last == 0)
        #expect(row.forecasts.allSatisfy { $0.value >= 0 && $0.low >= 0 && $0.high >= 0 })
    }

    @Test(arguments: [
        ([], "no data", "there are no samples: this stack may not measure the resource"),
        ([0.1, 0.2], "none", "2 samples are too few for a forecast"),
        ([0.1, 0.2, 0.3], "none", "only 2 days of history: long-term forecasts are uncertain"),
    ])
    func `a note says why the forecast is missing or weak`(_ values: [Double], _ urgency: String, _ note: String) {
        let row = Self.row(values)
        #expect(row.urgency == urgency)
        #expect(row.note == note)
        #expect(row.forecasts.isEmpty == (values.count < 3))
    }

    @Test func `the configuration changes known resources and adds its own`() throws {
        var options = CapacityOptions()
        options.resources = [
            "disk": ResourceOptions(warning: 0.5),
            "tickets": ResourceOptions(expression: "sum(tickets)", critical: 100),
            // Without an expression nothing can be measured.
            "nothing": ResourceOptions(warning: 1),
        ]
        let resources = CapacityResource.all(PrometheusComponent.measuredResources, options)
        let disk = try #require(resources.first { $0.name == "disk" })
        #expect(disk.thresholds == Thresholds(warning: 0.5, critical: 0.9))
        #expect(disk.unit == .ratio)
        let tickets = try #require(resources.last)
        #expect(tickets.name == "tickets")
        #expect(tickets.expression == "sum(tickets)")
        #expect(tickets.thresholds == Thresholds(critical: 100))
        #expect(!resources.contains { $0.name == "nothing" })
    }

    @Test(arguments: [
        (MetricResource.Unit.ratio, 0.625, "62.5%"), (.bytes, 1_503_238_553.6, "1.40 GiB"),
        (.bytesPerSecond, 1024, "1.00 KiB/s"), (.bytes, .infinity, "909 TiB"),
    ])
    func `amounts have their unit`(_ unit: MetricResource.Unit, _ value: Double, _ text: String) {
        #expect(unit.text(value) == text)
    }
}
