internal import BackupRepository
internal import Components
internal import Documents
internal import FoundationEssentials

/// The recorded queries of a Prometheus: instant queries at times that the backup certainly holds.
struct PrometheusRecorder: QueryRecorder {
    private let component: CheckedComponent
    private let api: PrometheusAPI
    /// Metrics that are sampled.
    private static let sample = 5
    /// Times before the newest datum, in milliseconds.
    private static let looks = [0, 1, 6, 24].map { $0 * 3_600_000 }

    init(_ component: CheckedComponent, _ api: PrometheusAPI) {
        self.component = component
        self.api = api
    }

    func derived() throws -> [RecordedQuery] {
        guard let watermark = component.watermark else { return [] }
        return try Self.looks.flatMap { ago -> [RecordedQuery] in
            let moment = RecordedQuery.moment(before: watermark) - ago
            let names = try api.metricNames(from: moment / 1000 - 300, to: moment / 1000).filter(Self.isPlainName)
                .sorted()
            guard !names.isEmpty else { return [] }
            let step = max(1, names.count / Self.sample)
            let chosen = stride(from: 0, to: names.count, by: step).prefix(Self.sample).map { names[$0] }
            let expressions =
                ["count by (job) (up)"] + chosen.flatMap { ["count by (job) (\($0))", "max by (job) (\($0))"] }
            return expressions.map { RecordedQuery(.promQL, of: component.name, $0, from: moment) }
        }
    }

    private static func isPlainName(_ name: String) -> Bool {
        name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || [UInt8(ascii: "_"), UInt8(ascii: ":")].contains($0)
        }
    }

    func result(of query: RecordedQuery) throws -> QueryOutcome {
        guard query.language == .promQL else { throw CheckFailure.unknownLanguage(of: query) }
        let samples = try api.samples(query.text, at: query.from.map { Double($0) / 1000 })
        func ordered(_ text: (MetricSample) -> String) -> JSONValue {
            .array(
                samples.map { [.object($0.labels.mapValues { .string($0) }), .string(text($0))] }
                    .sorted { $0.compact.lexicographicallyPrecedes($1.compact) })
        }
        let first =
            samples.count == 1 ? samples[0].summary : QueryOutcome.count(samples.count, "series", plural: "series")
        var outcome = QueryOutcome(ordered(\.text), text: first, isEmpty: samples.isEmpty)
        if samples.contains(where: { $0.kind != nil }) { outcome.former = ordered { $0.kind == nil ? $0.text : "" } }
        return outcome
    }
}
