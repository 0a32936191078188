package import BackupRepository
internal import Documents
internal import Foundation
internal import Platform

/// Which questions are recorded with a backup when the user names none: few, exact (a sum of floating-point numbers
/// depends on the order of its series; counts, greatest and least do not), and about times that the backup safely holds.
package struct Questions: Sendable {
    private let stack: CheckedStack
    /// How many things of one kind are sampled.
    private static let sample = 5
    /// Seconds that a question stays behind the newest datum: scrapes under way may still add samples before it.
    package static let margin = 120
    /// Hours before the newest datum, in milliseconds.
    private static let looks = [0, 1, 6, 24].map { $0 * 3_600_000 }

    package init(_ stack: CheckedStack) { self.stack = stack }

    /// Milliseconds before a capture in which clients may have lines that they had not pushed yet.
    private static let patienceWithClients = 10_000

    /// What to ask one component; blocks, for what there is to ask about is looked up.
    package func derived(for component: CheckedStack.Component) throws -> [RecordedQuestion] {
        guard let server = component.server else { return [] }
        switch component.kind {
        case "prometheus": return try prometheus(component, server)
        case "loki": return try loki(component, server)
        case "grafana": return try grafana(component, server)
        case "elasticsearch": return elasticsearch(component)
        default: return []
        }
    }

    /// The moment at which a user's question is asked, in milliseconds since 1970.
    package static func moment(_ watermark: Int) -> Int {
        let watermark = min(max(watermark, 0), DocumentRange.milliseconds.upperBound)
        return (watermark / 1000 - margin) * 1000
    }

    private func prometheus(_ component: CheckedStack.Component, _ server: CheckedServer) throws -> [RecordedQuestion] {
        guard let watermark = component.watermark else { return [] }
        return try Self.looks.flatMap { ago -> [RecordedQuestion] in
            let moment = Self.moment(watermark) - ago
            let window = [("start", "\(moment / 1000 - 300)"), ("end", "\(moment / 1000)")]
            let answer = try server.json("/api/v1/label/__name__/values", window)
            let names = (answer["data"]?.array ?? []).compactMap(\.text).filter(Self.isPlainName).sorted()
            guard !names.isEmpty else { return [] }
            let step = max(1, names.count / Self.sample)
            let chosen = stride(from: 0, to: names.count, by: step).prefix(Self.sample).map { names[$0] }
            let expressions =
                ["count by (job) (up)"] + chosen.flatMap { ["count by (job) (\($0))", "max by (job) (\($0))"] }
            return expressions.map { RecordedQuestion(.promQL, of: component.name, $0, from: moment) }
        }
    }

    private static func isPlainName(_ name: String) -> Bool {
        name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || [UInt8(ascii: "_"), UInt8(ascii: ":")].contains($0)
        }
    }

    private func loki(_ component: CheckedStack.Component, _ server: CheckedServer) throws -> [RecordedQuestion] {
        guard let watermark = component.watermark else { return [] }
        let end = min(watermark, component.captured.map { $0 - Self.patienceWithClients } ?? watermark)
        return try (stack.tenants.isEmpty ? [nil] : stack.tenants.map(Optional.some)).flatMap { tenant in
            let reading = LokiReading(server, tenant: tenant)
            return try [1, 24].flatMap { hours in
                let newest = min(max(end, 0), DocumentRange.milliseconds.upperBound)
                let window = (newest - hours * 3_600_000)..<(newest + 1)
                return try reading.selectors(in: window, limit: Self.sample).flatMap { selector in
                    [
                        RecordedQuestion(
                            .logLines, of: component.name, selector, tenant: tenant, from: window.lowerBound,
                            to: window.upperBound, newest: true),
                        RecordedQuestion(
                            .logQL, of: component.name, "sum(count_over_time(\(selector)[\(hours)h]))", tenant: tenant,
                            from: newest),
                    ]
                }
            }
        }
    }

    private func grafana(_ component: CheckedStack.Component, _ server: CheckedServer) throws -> [RecordedQuestion] {
        let reading = GrafanaReading(server)
        var questions: [RecordedQuestion] = []
        for organization in try reading.organizations() {
            let tenant = organization?.name
            questions.append(RecordedQuestion(.dashboards, of: component.name, "all", tenant: tenant))
            questions += try reading.dashboards(organization?.id).map {
                RecordedQuestion(.dashboard, of: component.name, $0, tenant: tenant)
            }
        }
        return questions
    }

    /// The indices whose documents were counted around the snapshot: what they hold now may be more.
    private func elasticsearch(_ component: CheckedStack.Component) -> [RecordedQuestion] {
        IndexCounts(fact: component.facts?[Interview.countsFact]).counts.keys.sorted()
            .filter { $0 != ElasticsearchSentinel.index(for: component.indices) }
            .map { RecordedQuestion(.documents, of: component.name, $0) }
    }
}
