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
    let server: CheckedServer
    /// The index of the component's own canary, which each backup writes to.
    let canaryIndex: String

    /// The indices whose documents were counted around the snapshot: they may hold more by now.
    func derived() -> [RecordedQuery] {
        counts.keys.sorted().filter { $0 != canaryIndex }.map { RecordedQuery(.documents, of: component.name, $0) }
    }

    private var counts: [String: ClosedRange<Int>] { IndexCounts(fact: component.facts?[IndexCounts.fact]).counts }

    /// The set's own count: a snapshot holds no document that a writer has added since.
    func resultToRecord(of query: RecordedQuery) throws -> QueryOutcome? {
        guard let count = counts[query.text] else { return nil }
        let text = IndexCounts.description(count)
        return QueryOutcome(
            JSONValue(count.lowerBound), text: text + (text == "1" ? " document" : " documents"),
            least: count.lowerBound)
    }

    func result(of query: RecordedQuery) throws -> QueryOutcome {
        guard query.language == .documents else { throw CheckFailure.unknownLanguage(of: query) }
        let answer = try server.get("/\(CheckedServer.encoded(query.text))/_count")
        guard answer.status != 404 else { return QueryOutcome(.null, text: "no such index", isEmpty: true) }
        let count = (try? JSONValue(parsing: answer.body))?["count"] ?? .null
        guard let number = count.integer else {
            throw CheckFailure("HTTP \(answer.status)", "_count: HTTP \(answer.status): \(answer.excerpt)")
        }
        return QueryOutcome(count, text: QueryOutcome.count(number, "document"), least: number)
    }
}
