internal import Components
internal import Documents

/// Compares the number of documents in all indices with the number in the set's manifest, which may be 0; without one,
/// requires at least one document.
struct DocumentsCounted: RecoveryCheck {
    let name = "elasticsearch_documents"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    private let api: ElasticsearchAPI
    /// A multi-index expression.
    private let indices: String
    private var expected: Int? { subject.facts?["documents"].flatMap { Int($0.prefix { $0.isNumber }) } }
    var target: String { "at least \(expected ?? 1)" }

    init(_ subject: CheckedComponent, _ api: ElasticsearchAPI, indices: String) {
        self.subject = subject
        self.api = api
        self.indices = indices
    }

    func measure() throws -> Measurement {
        guard let answer = try api.documents(in: indices) else { return .failed("no index", "no index exists") }
        guard let count = answer["count"]?.integer else { return .failed("-", "the answer has no count") }
        let lost = answer["_shards"]?["failed"]?.integer ?? 0
        guard lost == 0 else { return .failed("\(count)", "\(lost) shards did not answer: the count is incomplete") }
        return .judged(
            count >= (expected ?? 1), "\(count)",
            otherwise: expected.map { "the set has \($0)" } ?? "there is no document")
    }
}
