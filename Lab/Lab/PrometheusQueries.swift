internal import Foundation
internal import FoundationNetworking

/// Queries to a Prometheus at a URL.
package struct PrometheusQueries: Sendable {
    package var url: String

    package init(url: String) { self.url = url }

    /// Runs an instant query. Returns the response's `data` member as JSON with sorted keys and sorted series.
    /// - Parameter time: the time in seconds since 1970.
    package func query(_ expression: String, at time: Double) async throws -> String {
        try await ask("/api/v1/query", ["query": expression, "time": String(time)])
    }

    /// Runs a range query. Returns the result in the form of ``query(_:at:)``.
    package func queryRange(
        _ expression: String, from start: Double, to end: Double, step: Int
    ) async throws -> String {
        try await ask(
            "/api/v1/query_range",
            ["query": expression, "start": String(start), "end": String(end), "step": String(step)])
    }

    private func ask(_ path: String, _ form: [String: String]) async throws -> String {
        var parts = URLComponents()
        parts.queryItems = form.map { URLQueryItem(name: $0.key, value: $0.value) }
        guard let address = URL(string: url + path), let body = parts.percentEncodedQuery else {
            throw LabError("'\(url + path)' is not a valid URL")
        }
        var request = URLRequest(url: address)
        request.httpMethod = "POST"
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        request.httpBody = Data(body.replacing("+", with: "%2B").utf8)
        let (content, _) = try await URLSession.shared.data(for: request)
        let answer = try JSONSerialization.jsonObject(with: content) as? [String: Any]
        guard answer?["status"] as? String == "success", var data = answer?["data"] as? [String: Any] else {
            throw LabError("\(form["query"] ?? path): \(String(decoding: content, as: UTF8.self))")
        }
        func text(_ value: Any) throws -> String {
            String(
                decoding: try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed]),
                as: UTF8.self)
        }
        if data["resultType"] as? String != "scalar", let series = data["result"] as? [Any] {
            let ordered = try series.map { (text: try text($0), value: $0) }.sorted { $0.text < $1.text }
            data["result"] = ordered.map(\.value)
        }
        return try text(data)
    }
}
