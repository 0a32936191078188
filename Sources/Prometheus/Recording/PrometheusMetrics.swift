internal import Components
internal import HTTP

/// The metrics of the stack, as a Prometheus keeps them.
struct PrometheusMetrics: MetricServer {
    let server: CheckedServer
    let api: PrometheusAPI

    func samples(_ expression: String, at time: Double?) throws -> [MetricSample] {
        try server.promQL(expression, at: time)
    }

    func history(_ expression: String, over interval: ClosedRange<Int>, step: Int, limit: Int) async throws
        -> (series: [MetricSeries], more: Int)
    {
        do {
            return try await api.queryRange(expression, over: interval, step: step, limit: limit)
        } catch let error as PrometheusAPIError {
            throw MetricHistoryError("\(error)\(error.hint.map { "; \($0)" } ?? "")")
        }
    }
}
