package import BackupRepository
internal import Cryptography
internal import Documents

/// Asks recorded questions: once when they are recorded, once more when they are compared.
package struct Interview: Sendable {
    private let stack: CheckedStack
    private static let lines = 1000

    package init(_ stack: CheckedStack) { self.stack = stack }

    /// An answer in canonical form.
    private struct Answer {
        var value: JSONValue
        var text: String
        var isEmpty = false
        /// The value as older versions recorded it, where they did not look at all of it.
        var former: JSONValue?
        /// Of documents.
        var count: Int?
    }

    /// - Returns: nil when the answer is empty: nothing then can be compared.
    /// - Throws: when there is no answer.
    package func record(_ question: RecordedQuestion) throws -> RecordedAnswer? {
        // A snapshot holds what was counted around it, and not what a writer has added since.
        if question.language == .documents { return try documents(question) }
        let answer = try ask(question)
        return answer.isEmpty ? nil : Self.recorded(question, answer)
    }

    /// Asks a recorded question again.
    /// - Returns: the answer that there is now, where it differs; nil where it is equal.
    package func difference(from recorded: RecordedAnswer) throws -> RecordedAnswer? {
        let answer = try ask(recorded.question)
        let now = Self.recorded(recorded.question, answer)
        // Of an index that is written to, more documents are no difference.
        if let least = recorded.least { return now.least.map { $0 >= least } == true ? nil : now }
        let equal = [now.sha256] + (answer.former.map { [Digest(of: $0.compact).hex] } ?? [])
        return equal.contains(recorded.sha256) ? nil : now
    }

    private static func recorded(_ question: RecordedQuestion, _ answer: Answer) -> RecordedAnswer {
        let text = answer.text.count > 120 ? answer.text.prefix(119) + "…" : answer.text
        var recorded = RecordedAnswer(question, sha256: Digest(of: answer.value.compact).hex, text: text)
        recorded.least = answer.count
        return recorded
    }

    private func documents(_ question: RecordedQuestion) throws -> RecordedAnswer? {
        let facts = stack.components.first { $0.name == question.component }?.facts
        guard let count = IndexCounts(fact: facts?[Self.countsFact]).counts[question.text] else { return nil }
        let text = IndexCounts.description(count)
        return Self.recorded(
            question,
            Answer(
                value: JSONValue(count.lowerBound), text: text + (text == "1" ? " document" : " documents"),
                count: count.lowerBound))
    }

    /// The fact of the manifest that has the documents of each index.
    static let countsFact = "documents by index"

    private func ask(_ question: RecordedQuestion) throws -> Answer {
        guard let component = stack.components.first(where: { $0.name == question.component }) else {
            throw CheckFailure("-", "component '\(question.component)' is not in the configuration")
        }
        guard let server = component.server else {
            throw CheckFailure("-", component.obstacle ?? "component '\(question.component)' has no 'url'")
        }
        switch question.language {
        case .promQL:
            return Self.answer(try server.promQL(question.text, at: question.from.map { Double($0) / 1000 }))
        case .logQL:
            let value = try LokiReading(server, tenant: question.tenant).logQL(question.text, at: question.from ?? 0)
            let sorted = (value.array ?? []).sorted { $0.compact.lexicographicallyPrecedes($1.compact) }
            let number = sorted.count == 1 ? sorted[0]["value"]?.array?.last?.text : nil
            return Answer(
                value: .array(sorted), text: number ?? Self.count(sorted.count, "result"), isEmpty: sorted.isEmpty)
        case .logLines:
            let window = (question.from ?? 0)..<max(question.from ?? 0, question.to ?? 0)
            let lines = try LokiReading(server, tenant: question.tenant).lines(
                question.text, in: window, limit: Self.lines, newest: question.newest == true)
            return Answer(
                value: .array(lines.map { .string($0) }), text: Self.count(lines.count, "line"),
                isEmpty: lines.isEmpty)
        case .dashboards, .dashboard: return try dashboards(question, server)
        case .documents:
            let answer = try server.get("/\(CheckedServer.encoded(question.text))/_count")
            guard answer.status != 404 else { return Answer(value: .null, text: "no such index", isEmpty: true) }
            let count = (try? JSONValue(parsing: answer.body))?["count"] ?? .null
            guard let number = count.integer else {
                throw CheckFailure("HTTP \(answer.status)", "_count: HTTP \(answer.status): \(answer.excerpt)")
            }
            return Answer(value: count, text: Self.count(number, "document"), count: number)
        }
    }

    private func dashboards(_ question: RecordedQuestion, _ server: CheckedServer) throws -> Answer {
        let reading = GrafanaReading(server)
        let organization = try question.tenant.map { try reading.number(of: $0) }
        if question.language == .dashboards {
            let uids = try reading.dashboards(organization).filter { $0 != GrafanaSentinel.uid }
            return Answer(value: .array(uids.map { .string($0) }), text: Self.count(uids.count, "dashboard"))
        }
        guard let dashboard = try reading.dashboard(question.text, organization) else {
            return Answer(value: .null, text: "no such dashboard", isEmpty: true)
        }
        return Answer(value: dashboard.model, text: "'\(dashboard.title)'")
    }

    private static func answer(_ samples: [CheckedServer.Sample]) -> Answer {
        func ordered(_ text: (CheckedServer.Sample) -> String) -> JSONValue {
            .array(
                samples.map { [.object($0.labels.mapValues { .string($0) }), .string(text($0))] }
                    .sorted { $0.compact.lexicographicallyPrecedes($1.compact) })
        }
        let first = samples.count == 1 ? samples[0].summary : count(samples.count, "series", plural: "series")
        var answer = Answer(value: ordered(\.text), text: first, isEmpty: samples.isEmpty)
        if samples.contains(where: { $0.kind != nil }) { answer.former = ordered { $0.kind == nil ? $0.text : "" } }
        return answer
    }

    private static func count(_ number: Int, _ word: String, plural: String? = nil) -> String {
        "\(number) \(number == 1 ? word : plural ?? word + "s")"
    }
}
