package import Components
package import Documents
internal import FoundationEssentials
internal import Platform

/// The settings of a Loki's canary.
package struct LokiCanarySettings: CanarySettings {
    package var tenant: String?

    package init() {}

    package static let keys: [Key<Self>] = [Key("tenant", \.tenant, as: .text, about: "The tenant to write as.")]

    package func canary(in component: LokiComponent, _ context: ComponentContext) throws -> (any Canary)? {
        try component.askedAPI(context).map { LokiCanary(queries: LokiQueries($0, tenant: tenant)) }
    }
}

/// The canary in Loki: a line of a separate stream. Lines in memory are in the backup too, with the write-ahead log.
struct LokiCanary: Canary {
    private static let day = 86_400_000
    let queries: LokiQueries

    func write(_ value: String) throws -> Int {
        let now = WallClock.system.milliseconds
        try queries.push(value, labels: ["job": "dr_canary"], at: now)
        return now
    }

    func values(around time: Int) throws -> [String] {
        let window = (time - Self.day)..<(time + Self.day)
        return try queries.lines("{job=\"dr_canary\"}", in: window, limit: 1000).compactMap { line in
            line.split(separator: " ").last.map(String.init).flatMap { CanaryValue.isValid($0) ? $0 : nil }
        }
    }
}
