import Metrics
import Operations

extension Site {
    /// The metrics for a scrape, as OpenMetrics if the client asks for it.
    var metricsRoutes: [Route] {
        [
            Route("/metrics") { [metrics] routed in
                let format = MetricText.Format.negotiated(routed.request.headers["accept"])
                let families = try waiting { await metrics.families() }
                return WebResponse(type: format.contentType, text: MetricText.text(families, format))
            }
        ]
    }
}
