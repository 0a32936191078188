internal import Foundation
internal import JSONText

extension CheckedServer {
    /// A vector's element, or a scalar without labels.
    package struct Sample: Sendable {
        package var labels: [String: String]
        /// As the server wrote it.
        package var text: String
        package var value: Double { Double(text) ?? .nan }
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
        if data["resultType"]?.text == "scalar", let pair = data["result"]?.array, pair.count == 2 {
            return [Sample(labels: [:], text: pair[1].text ?? "")]
        }
        return (data["result"]?.array ?? []).map { element in
            Sample(
                labels: (element["metric"]?.object ?? [:]).compactMapValues(\.text),
                text: element["value"]?.array?.last?.text ?? "")
        }
    }
}
