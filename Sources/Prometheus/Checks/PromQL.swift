package import BackupRepository
package import Components
internal import Documents
internal import Foundation

extension RecordedQuery.Language {
    /// An instant query to Prometheus.
    package static let promQL = Self(rawValue: "promql")
}

extension CheckedServer {
    /// An instant query.
    /// - Parameter time: seconds since 1970; now when nil.
    /// - Throws: ``CheckFailure`` with the server's own words where the query fails.
    package func promQL(_ expression: String, at time: Double? = nil) throws -> [MetricSample] {
        let moment = time.map { [("time", String(format: "%.3f", $0))] } ?? []
        let answer = try get("/api/v1/query", [("query", expression)] + moment)
        guard let json = try? JSONValue(parsing: answer.body) else {
            throw CheckFailure("HTTP \(answer.status)", "query: HTTP \(answer.status): \(answer.excerpt)")
        }
        guard json["status"]?.text == "success", let data = json["data"] else {
            let reason = json["error"]?.text ?? "HTTP \(answer.status)"
            throw CheckFailure("query failed", "\(expression): \(reason)")
        }
        if ["scalar", "string"].contains(data["resultType"]?.text), let pair = data["result"]?.array, pair.count == 2 {
            return [MetricSample(labels: [:], text: pair[1].text ?? "")]
        }
        return (data["result"]?.array ?? []).map(Self.sample)
    }

    private static func sample(_ element: JSONValue) -> MetricSample {
        let labels = (element["metric"]?.object ?? [:]).compactMapValues(\.text)
        func sample(_ value: JSONValue, _ kind: String) -> MetricSample {
            MetricSample(labels: labels, text: String(decoding: value.compact, as: UTF8.self), kind: kind)
        }
        if let value = element["value"]?.array?.last?.text { return MetricSample(labels: labels, text: value) }
        if let histogram = element["histogram"]?.array?.last {
            return sample(histogram, "histogram with \(histogram["count"]?.text ?? "?") observations")
        }
        let range = ["values", "histograms"].compactMap { element[$0] }
        guard !range.isEmpty else { return MetricSample(labels: labels, text: "") }
        return sample(.array(range), "\(range.reduce(0) { $0 + ($1.array?.count ?? 0) }) samples")
    }
}
