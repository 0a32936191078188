package import Components
internal import FoundationEssentials
internal import HTTP

extension PrometheusAPI {
    /// Steps of one request: well below the server's limit of 11,000 points of a series, and small enough that the
    /// answer for 50 series is about a mebibyte.
    private static let stepsAtOnce = 500

    /// A range query over any length of time, sent piece by piece.
    /// - Parameters:
    ///   - interval: seconds since 1970; the first sample is at its lower bound.
    ///   - step: seconds from one sample to the next.
    ///   - limit: the number of series to keep; further ones are only counted.
    /// - Returns: the series by their labels, and the number of further ones.
    package func queryRange(_ expression: String, over interval: ClosedRange<Int>, step: Int, limit: Int) async throws
        -> (series: [MetricSeries], more: Int)
    {
        var found: [[String: String]: [(time: Double, value: Double)]] = [:]
        var histograms: Set<[String: String]> = []
        var others: Set<[String: String]> = []
        let times = Double(interval.lowerBound)...Double(interval.upperBound)
        var start = interval.lowerBound
        while start <= interval.upperBound {
            let end = min(interval.upperBound, start + (Self.stepsAtOnce - 1) * step)
            let answer: Matrix = try await call(
                client.request(
                    path: "/api/v1/query_range",
                    form: [("query", expression), ("start", "\(start)"), ("end", "\(end)"), ("step", "\(step)")]))
            for series in answer.result {
                guard found[series.metric] != nil || found.count < limit else {
                    others.insert(series.metric)
                    continue
                }
                if series.hasHistograms { histograms.insert(series.metric) }
                found[series.metric, default: []] += (series.values ?? []).compactMap { sample in
                    guard let value = Double(sample.value), value.isFinite, times.contains(sample.time) else {
                        return nil
                    }
                    return (sample.time, value)
                }
            }
            start = end + step
        }
        func order(_ labels: [String: String]) -> String {
            labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        }
        let series = found.map {
            MetricSeries(labels: $0.key, samples: $0.value, hasHistograms: histograms.contains($0.key))
        }
        return (series.sorted { order($0.labels) < order($1.labels) }, others.count)
    }

    private struct Matrix: Decodable, Sendable {
        struct Series: Decodable, Sendable {
            var metric: [String: String]
            var values: [QueryResult.Sample]?
            private var histograms: [Ignored]?

            var hasHistograms: Bool { histograms?.isEmpty == false }
        }
        var result: [Series]
    }
}
