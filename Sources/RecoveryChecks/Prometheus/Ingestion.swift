internal import Blocking

/// Whether samples keep coming: the counter of samples appended must rise between two looks. That it is not zero says
/// nothing, for a server that was restored and scrapes nothing counts its own start.
struct Ingestion: RecoveryCheck {
    let name = "ingestion"
    let component: String?
    private let server: CheckedServer
    /// Longest wait for the counter to rise.
    private let interval: Duration
    var target: String { "more samples appended within \(interval)" }
    var timeLimit: Duration? { interval + .seconds(30) }

    private static let counter = "prometheus_tsdb_head_samples_appended_total"

    init(component: String, _ server: CheckedServer, interval: Duration) {
        self.component = component
        self.server = server
        self.interval = interval
    }

    func measure() throws -> Measurement {
        let clock = ContinuousClock()
        let began = clock.now
        let first = try appended()
        while true {
            let waited = clock.now - began
            guard waited < interval else {
                return .failed(
                    "0 samples in \(interval)",
                    "the server appends nothing: look at its targets, and whether its disk is full")
            }
            try sleepUnlessCancelled(min(.seconds(1), interval - waited))
            let now = try appended()
            if now < first { return .failed("the counter fell", "the server was restarted between the two looks") }
            if now > first {
                let seconds = max((clock.now - began) / .seconds(1), 0.001)
                return .passed("\(Int((now - first) / seconds)) samples/s")
            }
        }
    }

    /// From the server's own page, which does not need it to scrape itself.
    private func appended() throws -> Double {
        let answer = try server.get("/metrics")
        guard answer.status == 200 else {
            throw CheckFailure("HTTP \(answer.status)", "GET /metrics: HTTP \(answer.status)")
        }
        // A server that has appended nothing since its start does not show the counter at all.
        var sum = 0.0
        for line in String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix(Self.counter) {
            // One line to a type of sample, in newer versions.
            guard let value = line.split(separator: " ").last.flatMap({ Double($0) }) else { continue }
            sum += value
        }
        return sum
    }
}
