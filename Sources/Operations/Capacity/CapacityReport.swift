package import BackupRepository
package import Components
import StackConfiguration
import Trends

/// The forecast of all resources, as JSON, as a table and as a page.
package struct CapacityReport: Encodable {
    package var at: Timestamp
    /// The component whose server has the history.
    package var source: String?
    var resources: [Row]

    package struct Row: Encodable {
        package var name: String
        var labels: [String: String]
        package var unit: MetricResource.Unit
        package var samples: Int
        package var oldest: Timestamp?
        package var newest: Timestamp?
        /// The value of the newest sample.
        var current: Double?
        var changePerDay: Double?
        /// The share of the history's variance that the trend explains, 0...1.
        var determination: Double?
        /// Empty if there is no data for a forecast.
        package var forecasts: [Ahead]
        package var warning: Limit?
        package var critical: Limit?
        /// "no data" without samples.
        var urgency: String
        var recommendation: String?
        package var note: String?
    }

    package struct Ahead: Encodable {
        var days: Int
        var value: Double
        /// The interval that contains a new sample in 95 % of cases.
        var low: Double
        var high: Double
    }

    package struct Limit: Encodable {
        var value: Double
        /// Days until the forecast exceeds the value; nil for more than a year.
        var inDays: Int?
        /// Days until the upper end of the interval exceeds the value.
        var earliestInDays: Int?
    }

    package init(_ measured: [MeasuredResource], source: String?, at now: Timestamp) {
        at = now
        self.source = source
        resources = measured.map { Row($0, now: Double(now.seconds)) }
    }

}

extension CapacityReport.Limit {
    init(_ value: Double, current: Double?, regression: LinearRegression?, now: Double) {
        self.value = value
        let isPassed = current.map { $0 >= value } ?? false
        let passing = regression?.passing(value, from: now)
        inDays = isPassed ? 0 : passing?.expected
        earliestInDays = isPassed ? 0 : passing?.earliest
    }
}

extension CapacityReport.Row {
    package init(_ measured: MeasuredResource, now: Double) {
        let resource = measured.resource, thresholds = resource.thresholds
        let regression = LinearRegression(measured.samples)
        name = resource.name
        labels = measured.labels
        unit = resource.unit
        samples = measured.samples.count
        oldest = measured.samples.first.map { Timestamp(seconds: Int($0.x)) }
        newest = measured.samples.last.map { Timestamp(seconds: Int($0.x)) }
        current = measured.samples.last?.value
        changePerDay = regression.map { $0.slope * 86_400 }
        determination = regression?.determination
        forecasts =
            regression.map { regression in
                Horizon.allCases.map { horizon in
                    // These amounts cannot be negative, but a trend can.
                    let ahead = regression.forecast(at: now + horizon.seconds)
                    return CapacityReport.Ahead(
                        days: horizon.days, value: max(0, ahead.value), low: max(0, ahead.low), high: max(0, ahead.high)
                    )
                }
            } ?? []
        warning = thresholds.warning.map {
            CapacityReport.Limit($0, current: measured.samples.last?.value, regression: regression, now: now)
        }
        critical = thresholds.critical.map {
            CapacityReport.Limit($0, current: measured.samples.last?.value, regression: regression, now: now)
        }
        let urgency = thresholds.urgency(current: current, regression, now: now)
        self.urgency = current == nil ? "no data" : urgency.rawValue
        recommendation = urgency > .none ? resource.advice : nil
        note = measured.failure ?? Self.note(measured, regression)
    }

    private static func note(_ measured: MeasuredResource, _ regression: LinearRegression?) -> String? {
        guard let first = measured.samples.first, let last = measured.samples.last else {
            return "there are no samples: this stack may not measure the resource"
        }
        guard regression != nil else {
            return measured.samples.count < LinearRegression.fewest
                ? "\(measured.samples.count) samples are too few for a forecast"
                : "these values have no trend"
        }
        let days = Int((last.x - first.x) / 86_400)
        return days < Horizon.month.days ? "only \(days) days of history: long-term forecasts are uncertain" : nil
    }
}
