package import BackupRepository
internal import Components
internal import Documents
internal import Platform

extension RecordedQuery.Language {
    /// An instant query to Loki, with numbers for its result.
    package static let logQL = Self(rawValue: "logql")
    /// The first lines of some streams in a window, or its last ones.
    package static let logLines = Self(rawValue: "log_lines")
}

/// The recorded queries of a Loki: lines and their numbers, by stream.
struct LokiRecorder: QueryRecorder {
    private let component: CheckedComponent
    private let api: LokiAPI
    /// Streams that are sampled.
    private static let sample = 5
    /// Lines of one query.
    private static let lines = 1000
    /// Milliseconds before a capture in which clients may hold lines that they have not pushed yet.
    private static let patienceWithClients = 10_000

    init(_ component: CheckedComponent, _ api: LokiAPI) {
        self.component = component
        self.api = api
    }

    func derived() throws -> [RecordedQuery] {
        guard let watermark = component.watermark else { return [] }
        let end = min(watermark, component.captured.map { $0 - Self.patienceWithClients } ?? watermark)
        let tenants = component.context.tenants
        return try (tenants.isEmpty ? [nil] : tenants.map(Optional.some)).flatMap { tenant in
            let queries = LokiQueries(api, tenant: tenant)
            return try [1, 24].flatMap { hours in
                let newest = min(max(end, 0), DocumentRange.milliseconds.upperBound)
                let window = (newest - hours * 3_600_000)..<(newest + 1)
                return try queries.selectors(in: window, limit: Self.sample).flatMap { selector in
                    [
                        RecordedQuery(
                            .logLines, of: component.name, selector, tenant: tenant, from: window.lowerBound,
                            to: window.upperBound, newest: true),
                        RecordedQuery(
                            .logQL, of: component.name, "sum(count_over_time(\(selector)[\(hours)h]))", tenant: tenant,
                            from: newest),
                    ]
                }
            }
        }
    }

    func result(of query: RecordedQuery) throws -> QueryOutcome {
        let queries = LokiQueries(api, tenant: query.tenant)
        switch query.language {
        case .logQL:
            let value = try queries.logQL(query.text, at: query.from ?? 0)
            let sorted = (value.array ?? []).sorted { $0.compact.lexicographicallyPrecedes($1.compact) }
            let number = sorted.count == 1 ? sorted[0]["value"]?.array?.last?.text : nil
            return QueryOutcome(
                .array(sorted), text: number ?? QueryOutcome.count(sorted.count, "result"), isEmpty: sorted.isEmpty)
        case .logLines:
            let window = (query.from ?? 0)..<max(query.from ?? 0, query.to ?? 0)
            let lines = try queries.lines(
                query.text, in: window, limit: Self.lines, newest: query.newest == true)
            return QueryOutcome(
                .array(lines.map { .string($0) }), text: QueryOutcome.count(lines.count, "line"),
                isEmpty: lines.isEmpty)
        default: throw CheckFailure.unknownLanguage(of: query)
        }
    }
}
