package import BackupRepository
internal import Components
internal import Documents
internal import FoundationEssentials
internal import HTTP
internal import Platform

extension RecordedQuery.Language {
    /// An instant query to Prometheus.
    package static let promQL = Self(rawValue: "promql")
}

/// Calls of checks, recorded queries and canaries. They block: for a pool's thread.
extension PrometheusAPI {
    /// An instant query.
    /// - Parameter time: seconds since 1970; now when nil.
    /// - Throws: ``CheckFailure`` with the server's message if the query fails.
    func samples(_ expression: String, at time: Double? = nil) throws -> [MetricSample] {
        let moment = time.map { [(name: "time", value: Units.fixed($0, 3))] } ?? []
        let answer = try client.perform(
            client.request("GET", segments: ["api", "v1", "query"], query: [("query", expression)] + moment))
        guard let json = answer.document else { throw answer.failure }
        guard json["status"]?.text == "success", let data = json["data"] else {
            let reason = json["error"]?.text ?? "HTTP \(answer.status)"
            throw CheckFailure("query failed", "\(expression): \(reason)")
        }
        if ["scalar", "string"].contains(data["resultType"]?.text), let pair = data["result"]?.array, pair.count == 2 {
            return [MetricSample(labels: [:], text: pair[1].text ?? "")]
        }
        return (data["result"]?.array ?? []).map(Self.sample)
    }

    /// The names of metrics that have samples in a window of seconds since 1970.
    /// - Parameter limit: the number of names that are enough. Versions before 2.54 ignore it.
    func metricNames(from start: Int, to end: Int, limit: Int? = nil) throws -> [String] {
        let most = limit.map { [(name: "limit", value: "\($0)")] } ?? []
        let names = try data(
            ["label", "__name__", "values"], query: [("start", "\(start)"), ("end", "\(end)")] + most)
        return (names?.array ?? []).compactMap(\.text)
    }

    /// The targets that are scraped, as the server describes them.
    func activeTargets() throws -> [JSONValue] {
        try data(["targets"], query: [("state", "active")])?["activeTargets"]?.array ?? []
    }

    /// The time when the server was started.
    func startTime() throws -> String? { try data(["status", "runtimeinfo"])?["startTime"]?.text }

    /// The configuration that the server has loaded, as YAML.
    func configurationText() throws -> String? { try data(["status", "config"])?["yaml"]?.text }

    /// One of the server's counters, from its page of metrics, so that it need not scrape itself. A counter that was
    /// not raised since the start is not on the page: it is 0.
    func counter(_ name: String) throws -> Double { try metricNow(name) ?? 0 }

    /// One of the server's metrics, from its page of metrics; nil if the page does not have it.
    func metricNow(_ name: String) throws -> Double? {
        let answer = try client.perform(client.request("GET", path: "/metrics"))
        guard answer.status == 200 else { throw answer.failure }
        return Self.sum(of: name, in: answer.body)
    }

    /// The retention in effect; nil if the server does not report one.
    func retention() throws -> ReportedRetention? {
        let text = try data(["status", "runtimeinfo"])?["storageRetention"]?.text ?? ""
        return text.isEmpty ? nil : ReportedRetention(text)
    }

    /// The member `data` of a successful answer.
    private func data(_ segments: [String], query: [(name: String, value: String)] = []) throws -> JSONValue? {
        let answer = try client.perform(client.request("GET", segments: ["api", "v1"] + segments, query: query))
        guard answer.isSuccess else { throw answer.failure }
        guard let document = answer.document else {
            throw CheckFailure(
                "the answer is not JSON", "\(answer.operation): the answer is not JSON: \(answer.excerpt)")
        }
        return document["data"]
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
