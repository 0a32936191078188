package import BackupRepository
internal import Components
internal import Documents

extension RecordedQuery.Language {
    /// Documents in one index.
    package static let documents = Self(rawValue: "documents")
}

/// The recorded queries of a cluster: the number of documents in each index.
struct ElasticsearchRecorder: QueryRecorder {
    let component: CheckedComponent
    let api: ElasticsearchAPI
    /// The index of the component's canary, which each backup writes to.
    let canaryIndex: String

    /// The indices whose documents were counted around the snapshot: they may hold more by now.
    func derived() -> [RecordedQuery] {
        counts.keys.sorted().filter { $0 != canaryIndex }.map { RecordedQuery(.documents, of: component.name, $0) }
    }

    private var counts: [String: ClosedRange<Int>] { IndexCounts(fact: component.facts?[IndexCounts.fact]).counts }

    /// The set's count: a snapshot does not hold documents that a writer added later.
    func resultToRecord(of query: RecordedQuery) throws -> QueryOutcome? {
        guard let count = counts[query.text] else { return nil }
        let text = IndexCounts.description(count)
        return QueryOutcome(
            JSONValue(count.lowerBound), text: text + (text == "1" ? " document" : " documents"),
            least: count.lowerBound)
    }

    func result(of query: RecordedQuery) throws -> QueryOutcome {
        guard query.language == .documents else { throw CheckFailure.unknownLanguage(of: query) }
        guard let answer = try api.documents(in: query.text) else {
            return QueryOutcome(.null, text: "no such index", isEmpty: true)
        }
        let count = answer["count"] ?? .null
        guard let number = count.integer else { throw CheckFailure("no count", "_count: the answer has no count") }
        return QueryOutcome(count, text: QueryOutcome.count(number, "document"), least: number)
    }
}
