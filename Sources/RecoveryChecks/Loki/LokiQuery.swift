internal import Foundation
internal import JSONText

/// Whether Loki answers a query over restored time with lines. With a set, that is the hour before its newest chunk
/// ends; without one, the last day.
struct LokiQuery: RecoveryCheck {
    let name = "loki_query"
    var component: String? { subject.name }
    private let subject: CheckedStack.Component
    private let server: CheckedServer
    private let tenants: [String]
    var target: String { "at least one line" }

    init(_ subject: CheckedStack.Component, _ server: CheckedServer, tenants: [String]) {
        self.subject = subject
        self.server = server
        self.tenants = tenants
    }

    func measure() throws -> Measurement {
        let end = subject.watermark.map { $0 + 1 } ?? Int(Date().timeIntervalSince1970 * 1000)
        let hours = subject.watermark == nil ? 24 : 1
        var lines = 0
        var dry: [String] = []
        for tenant in tenants.isEmpty ? [nil] : tenants.map(Optional.some) {
            let loki = LokiReading(server, tenant: tenant)
            let window = (end - hours * 3_600_000)..<end
            let selector = try loki.selectors(in: window, limit: 1).first
            let found = try selector.map { try loki.lines($0, in: window, limit: 100).count } ?? 0
            lines += found
            if found == 0 { dry.append(tenant ?? "") }
        }
        let span = "in the \(hours) h before \(Date(timeIntervalSince1970: Double(end) / 1000).ISO8601Format())"
        let whose = dry == [""] ? "" : " of tenant \(dry.joined(separator: ", "))"
        return .judged(dry.isEmpty, "\(lines) lines", "no line\(whose) \(span): is the index back?")
    }
}
