internal import Components
internal import Documents
internal import Foundation
internal import Platform

/// Checks that samples keep coming: the counter of samples appended must rise between two looks. That it is not zero says
/// nothing, for a server that was restored and scrapes nothing counts its own start.
struct Ingestion: RecoveryCheck {
    let name = "ingestion"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    private let server: CheckedServer
    /// The longest wait for the counter to rise, where the user has set it.
    private let interval: Duration?
    var target: String { "more samples appended within \(interval.map { "\($0)" } ?? "the server's longest interval")" }
    var timeLimit: Duration? { (interval ?? Self.longestWait) + .seconds(30) }

    private static let counter = "prometheus_tsdb_head_samples_appended_total"
    /// Of a server that does not tell its configuration: the default interval of scrapes, and some slack.
    private static let usualWait = Duration.seconds(70)
    private static let longestWait = Duration.seconds(600)

    /// The longest time that new samples may take to come, by the server's own configuration; nil when the server does
    /// not show it.
    private let configuredWait: @Sendable () -> Duration?

    init(_ subject: CheckedComponent, _ server: CheckedServer, configuredWait: (@Sendable () -> Duration?)? = nil) {
        self.subject = subject
        self.server = server
        self.configuredWait = configuredWait ?? { Self.configuredWait(of: server) }
        interval = subject.context.sampleInterval
    }

    func measure() throws -> Components.Measurement {
        let wait = min(interval ?? configuredWait() ?? Self.usualWait, interval ?? Self.longestWait)
        let clock = ContinuousClock()
        let began = clock.now
        let first = try appended()
        while true {
            let waited = clock.now - began
            guard waited < wait else {
                return .failed(
                    "0 samples in \(wait)",
                    "the server appends nothing: look at its targets, and whether its disk is full")
            }
            try sleepUnlessCancelled(min(.seconds(1), wait - waited))
            let now = try appended()
            if now < first { return .failed("the counter fell", "the server was restarted between the two looks") }
            if now > first {
                let seconds = max((clock.now - began) / .seconds(1), 0.001)
                guard now.isFinite else {
                    return .failed("\(now) samples", "the server's counter of samples is not a finite number")
                }
                return .passed("\(Self.text((now - first) / seconds)) samples/s")
            }
        }
    }

    private static func configuredWait(of server: CheckedServer) -> Duration? {
        guard let yaml = try? server.json("/api/v1/status/config")["data"]?["yaml"]?.text else { return nil }
        return .seconds(LoadedConfiguration(yaml: yaml).patience)
    }

    /// A rate for people, never 0 for one that is not: "1204", "0.3", "0.004".
    static func text(_ rate: Double) -> String {
        guard rate < 10 else { return String(format: "%.0f", rate) }
        return rate < 0.1 ? String(format: "%.1g", rate) : String(format: "%.1f", rate)
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
            guard let value = line.split(separator: " ").last.flatMap({ Double($0) }), value.isFinite else {
                continue
            }
            sum += value
        }
        return sum
    }
}
