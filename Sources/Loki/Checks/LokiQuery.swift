internal import Components
internal import Documents
internal import FoundationEssentials
internal import Platform

/// Checks that Loki answers a query over restored time with lines. With a set, that is the hour before its newest chunk
/// ends, or the day before for a tenant that was silent then; without one, the last day.
struct LokiQuery: RecoveryCheck {
    let name = "loki_query"
    var component: String? { subject.name }
    private let subject: CheckedComponent
    private let api: LokiAPI
    private let tenants: [String]
    var target: String { "at least one line" }

    init(_ subject: CheckedComponent, _ api: LokiAPI) {
        self.subject = subject
        self.api = api
        tenants = subject.context.tenants
    }

    func measure() throws -> Components.Measurement {
        let end = subject.watermark.map { $0.addingClamped(1) } ?? WallClock.system.milliseconds
        let spans = subject.watermark == nil ? [24] : [1, 24]
        var lines = 0
        var dry: [String] = []
        for tenant in tenants.isEmpty ? [nil] : tenants.map(Optional.some) {
            let loki = LokiQueries(api, tenant: tenant)
            let found = try spans.lazy.map { try Self.lines(loki, in: (end - $0 * 3_600_000)..<end) }.first { $0 > 0 }
            lines += found ?? 0
            if found == nil { dry.append(tenant ?? "") }
        }
        if lines == 0, subject.facts?["chunks"] == "0" {
            return .skipped("the set has no chunk: there may be no line to find")
        }
        let span = "in the 24 h before \(RFC3339.text(seconds: end / 1000))"
        let whose = dry == [""] ? "" : " of tenant \(dry.joined(separator: ", "))"
        return .judged(
            dry.isEmpty, "\(lines) lines", otherwise: "no line\(whose) \(span): check that the index is restored")
    }

    private static func lines(_ loki: LokiQueries, in window: Range<Int>) throws -> Int {
        try loki.selectors(in: window, limit: 1).first.map { try loki.lines($0, in: window, limit: 100).count } ?? 0
    }
}
