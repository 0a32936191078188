internal import Components
internal import FoundationEssentials
internal import Platform

/// Asks the server for the samples of the set: it must reach back as far as the set does, and have samples at the time
/// of the set's newest one.
///
/// The server's own metrics give the oldest time in its TSDB (`prometheus_tsdb_lowest_timestamp_seconds`) and the
/// number of blocks that it loaded (`prometheus_tsdb_blocks_loaded`).
struct RestoredSamples: RecoveryCheck {
    let name = "prometheus_data"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    private let api: PrometheusAPI
    var target: String { subject.facts == nil ? "at least one sample" : "the samples of the set" }
    var timeLimit: Duration? { .seconds(120) }

    init(_ subject: CheckedComponent, _ api: PrometheusAPI) {
        self.subject = subject
        self.api = api
    }

    func measure() throws -> Components.Measurement {
        // Older versions have the metric in milliseconds only.
        let seconds = try api.metricNow("prometheus_tsdb_lowest_timestamp_seconds")
        let milliseconds = try seconds.map { $0 * 1000 } ?? api.metricNow("prometheus_tsdb_lowest_timestamp")
        guard let lowest = milliseconds.map({ Int(clamping: $0) }) else {
            return .failed("-", "the server's page of metrics does not have prometheus_tsdb_lowest_timestamp")
        }
        let blocks = Int(clamping: try api.metricNow("prometheus_tsdb_blocks_loaded") ?? 0)
        let measured = "\(blocks) blocks, from \(Self.text(lowest))"
        guard let facts = subject.facts, facts["blocks"] != "0" else {
            return subject.facts == nil ? .passed(measured) : .skipped("the set has no block")
        }
        if let newest = facts["newest"].flatMap({ Int($0) }) ?? subject.watermark {
            guard try hasSamples(at: newest) else {
                return .failed(measured, "it has no sample at \(Self.text(newest)), the end of the set")
            }
        }
        guard let oldest = facts["oldest"].flatMap({ Int($0) }), lowest > oldest else { return .passed(measured) }
        let missing = "the set begins at \(Self.text(oldest))"
        guard let retention = try api.retention() else { return .failed(measured, missing) }
        // The server deletes blocks beyond its retention when it starts; the restore has warned of it.
        return Self.isExplained(oldest: oldest, lowest: lowest, by: retention, now: subject.context.now())
            ? .passed(measured, "\(missing); the server deletes what is older than its retention, \(retention.text)")
            : .failed(measured, missing)
    }

    /// The window in which a series counts as present: as long as Prometheus looks back.
    private static let lookback = 300

    private func hasSamples(at time: Int) throws -> Bool {
        let end = time / 1000 + 1
        return try !api.metricNames(from: end - Self.lookback, to: end, limit: 1).isEmpty
    }

    /// Prometheus deletes whole blocks, which span at most a tenth of the retention.
    static func isExplained(oldest: Int, lowest: Int, by retention: ReportedRetention, now: Int) -> Bool {
        if retention.isBySize { return true }
        guard let time = retention.milliseconds else { return false }
        let bound = now.subtractingClamped(time)
        let slack = max(time / 10, 3 * 3_600_000)
        return oldest < bound && lowest <= bound.addingClamped(slack)
    }

    private static func text(_ milliseconds: Int) -> String {
        DocumentRange.signedMilliseconds.contains(milliseconds)
            ? Date(timeIntervalSince1970: Double(milliseconds / 1000)).ISO8601Format() : "an unknown time"
    }
}

/// The retention that a server reports.
struct ReportedRetention {
    /// As reported: "15d", "512MiB", "15d or 512MiB".
    var text: String
    /// By time; nil without one.
    var milliseconds: Int?
    /// True if something else than time limits it, so that the age of its data cannot be foretold.
    var isBySize: Bool

    init(_ text: String) {
        self.text = text
        let retention = PrometheusRetention(text)
        milliseconds = retention.time.flatMap { $0 > 0 ? $0 : nil }
        isBySize = (retention.size ?? 0) > 0 || (retention.percentage ?? 0) > 0 || retention.isUnclear
    }
}
