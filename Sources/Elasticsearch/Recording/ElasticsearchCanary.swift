package import Components
package import Documents
internal import FoundationEssentials
internal import Platform

/// The settings of a cluster's canary.
package struct ElasticsearchCanarySettings: CanarySettings {
    package var index: String?

    package init() {}

    package static let keys: [Key<Self>] = [
        Key("index", \.index, as: .text, about: "The index. Default: derived from the component's pattern.")
    ]

    package func canary(in component: ElasticsearchComponent, _ context: ComponentContext) throws -> (any Canary)? {
        ElasticsearchCanary(
            api: try component.askedAPI(context),
            index: index ?? ElasticsearchCanary.index(for: component.indices))
    }
}

/// The canary in Elasticsearch: a document in a separate index that the component's pattern matches.
struct ElasticsearchCanary: Canary {
    private static let id = "dr-canary"
    let api: ElasticsearchAPI
    let index: String

    /// "jaeger-*" gives "jaeger-dr-canary".
    static func index(for pattern: String) -> String {
        let first = pattern.split(separator: ",").first { !$0.hasPrefix("-") } ?? "*"
        let name = first.replacing("*", with: "dr-canary")
        return name == first ? "dr-canary" : String(name)
    }

    func write(_ value: String) throws -> Int {
        let now = WallClock.system.milliseconds
        let document: JSONValue = ["value": .string(value), "at": JSONValue(now)]
        try api.put(document, as: Self.id, in: index)
        guard try values(around: now).contains(value) else {
            throw CheckFailure("-", "the canary's document does not show the written value")
        }
        return now
    }

    func values(around time: Int) throws -> [String] {
        try api.document(Self.id, in: index)?["value"]?.text.map { [$0] } ?? []
    }
}
