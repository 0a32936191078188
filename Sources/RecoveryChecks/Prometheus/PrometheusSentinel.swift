internal import Foundation
internal import Platform

/// The nonce in Prometheus, which takes nothing but what it scrapes: a series on a Pushgateway that it scrapes. The
/// backup waits until it was scraped.
package struct PrometheusSentinel: Sentinel {
    private static let metric = "dr_sentinel"
    package let component: String
    private let server: CheckedServer
    private let pushgateway: CheckedServer
    /// Longest wait for a scrape.
    private let patience: Duration

    package init(component: String, server: CheckedServer, pushgateway: CheckedServer, patience: Duration) {
        self.component = component
        self.server = server
        self.pushgateway = pushgateway
        self.patience = patience
    }

    package func plant(_ nonce: String) throws -> Int {
        let text = "# TYPE \(Self.metric) gauge\n\(Self.metric){nonce=\"\(nonce)\"} 1\n"
        try pushgateway.write("PUT", "/metrics/job/\(Self.metric)", Array(text.utf8), type: "text/plain")
        let deadline = ContinuousClock.now + patience
        while true {
            let now = Int(clamping: Date().timeIntervalSince1970 * 1000)
            if try nonces(around: now).contains(nonce) { return now }
            guard ContinuousClock.now < deadline else {
                throw CheckFailure("-", "it was not scraped within \(patience): is the Pushgateway among the targets?")
            }
            try sleepUnlessCancelled(.milliseconds(500))
        }
    }

    package func nonces(around time: Int) throws -> [String] {
        try server.promQL("last_over_time(\(Self.metric)[1d])", at: Double(time) / 1000)
            .compactMap { $0.labels["nonce"] }
    }
}
