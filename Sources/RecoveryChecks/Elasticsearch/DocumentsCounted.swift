internal import Documents

/// The documents of all indices, against the number in the set's manifest, none included; where it does not say, at
/// least one.
struct DocumentsCounted: RecoveryCheck {
    let name = "elasticsearch_documents"
    var component: String? { subject.name }
    private let subject: CheckedStack.Component
    private let server: CheckedServer
    private var expected: Int? { subject.facts?["documents"].flatMap { Int($0.prefix { $0.isNumber }) } }
    var target: String { "at least \(expected ?? 1)" }

    init(component: CheckedStack.Component, server: CheckedServer) {
        subject = component
        self.server = server
    }

    func measure() throws -> Measurement {
        let answer = try server.json("/\(subject.indicesInPath)/_count")
        guard let count = answer["count"]?.integer else { return .failed("-", "the answer holds no count") }
        let lost = answer["_shards"]?["failed"]?.integer ?? 0
        guard lost == 0 else { return .failed("\(count)", "\(lost) shards did not answer: the count is not whole") }
        return .judged(count >= (expected ?? 1), "\(count)", expected.map { "the set has \($0)" } ?? "there is none")
    }
}
