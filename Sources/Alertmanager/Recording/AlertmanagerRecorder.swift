internal import BackupRepository
internal import Components
internal import Documents
internal import Platform

extension RecordedQuery.Language {
    /// The silences with certain matchers that end at a certain time.
    static let silence = Self(rawValue: "silence")
}

/// The recorded queries of an Alertmanager: one for each silence, by its matchers and its end.
///
/// A restored server has the silence until its end. After that the query shows nothing more, and counts as equal.
struct AlertmanagerRecorder: QueryRecorder {
    private let component: CheckedComponent
    private let api: AlertmanagerAPI

    init(_ component: CheckedComponent, _ api: AlertmanagerAPI) {
        self.component = component
        self.api = api
    }

    func derived() throws -> [RecordedQuery] {
        let list = try api.silences()
        let time = list.time ?? component.context.now()
        // The time of a capture has whole seconds.
        let captured = component.captured?.addingClamped(999) ?? .max
        let kept = list.silences.filter { silence in
            // The backup does not hold the silences that were created or changed after it.
            let changed = silence.document["updatedAt"]?.text.flatMap { Instant.milliseconds($0) } ?? .min
            return silence.state(at: time) != .expired && !AlertmanagerCanary.isCanary(silence)
                && changed <= captured
        }
        // The silences with the latest ends can be compared for the longest time.
        let sorted = kept.sorted { ($0.endsAt, $1.matching) > ($1.endsAt, $0.matching) }
        var seen: Set<RecordedQuery> = []
        return sorted.map { RecordedQuery(.silence, of: component.name, $0.matching, to: $0.endsAt) }
            .filter { seen.insert($0).inserted }
    }

    func result(of query: RecordedQuery) throws -> QueryOutcome {
        guard query.language == .silence, let end = query.to else { throw CheckFailure.unknownLanguage(of: query) }
        let list = try api.silences()
        guard end > list.time ?? component.context.now() else {
            return QueryOutcome(.null, text: "ended at \(Instant.text(end))", least: .max)
        }
        let count = list.silences.count { $0.endsAt == end && $0.matching == query.text }
        return QueryOutcome(
            JSONValue(count), text: count == 0 ? "no such silence" : QueryOutcome.count(count, "silence"),
            isEmpty: count == 0, least: count)
    }
}
