internal import Documents
internal import Foundation

extension CheckedServer {
    /// An element of a vector or a matrix, or a scalar or a string without labels.
    package struct Sample: Sendable {
        package var labels: [String: String]
        /// The value as the server wrote it; compact JSON of a native histogram with its buckets, or of a range's samples.
        package var text: String
        /// Set where the answer is not one number: "histogram with 132 observations", "60 samples".
        package var kind: String?
        /// NaN where the answer is not one number.
        package var value: Double { kind == nil ? Double(text) ?? .nan : .nan }
        /// For people.
        package var summary: String { kind ?? text }
    }

    /// An instant query.
    /// - Parameter time: seconds since 1970; now when nil.
    /// - Throws: ``CheckFailure`` with the server's own words where the query fails.
    package func promQL(_ expression: String, at time: Double? = nil) throws -> [Sample] {
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
            return [Sample(labels: [:], text: pair[1].text ?? "")]
        }
        return (data["result"]?.array ?? []).map(Self.sample)
    }

    private static func sample(_ element: JSONValue) -> Sample {
        let labels = (element["metric"]?.object ?? [:]).compactMapValues(\.text)
        func sample(_ value: JSONValue, _ kind: String) -> Sample {
            Sample(labels: labels, text: String(decoding: value.compact, as: UTF8.self), kind: kind)
        }
        if let value = element["value"]?.array?.last?.text { return Sample(labels: labels, text: value) }
        if let histogram = element["histogram"]?.array?.last {
            return sample(histogram, "histogram with \(histogram["count"]?.text ?? "?") observations")
        }
        let range = ["values", "histograms"].compactMap { element[$0] }
        guard !range.isEmpty else { return Sample(labels: labels, text: "") }
        return sample(.array(range), "\(range.reduce(0) { $0 + ($1.array?.count ?? 0) }) samples")
    }
}
