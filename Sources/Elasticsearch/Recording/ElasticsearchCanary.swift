package import Components
package import Documents
internal import Foundation
internal import Platform

/// The settings of a cluster's canary.
package struct ElasticsearchCanarySettings: CanarySettings {
    package var index: String?

    package init() {}

    package static let keys: [Key<Self>] = [
        Key("index", \.index, as: .text, about: "The index; from the component's pattern when left out.")
    ]

    package func canary(in component: ElasticsearchComponent, _ context: ComponentContext) throws -> (any Canary)? {
        ElasticsearchCanary(
            server: try component.checked(context),
            index: index ?? ElasticsearchCanary.index(for: component.indices))
    }
}

/// The canary in Elasticsearch: a document in an index of its own that the component's pattern matches.
struct ElasticsearchCanary: Canary {
    let server: CheckedServer
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
        try server.write("PUT", "/\(CheckedServer.encoded(index))/_doc/dr-canary", document.compact)
        guard try values(around: now).contains(value) else {
            throw CheckFailure("-", "the canary's document does not show what was written")
        }
        return now
    }

    func values(around time: Int) throws -> [String] {
        let path = "/\(CheckedServer.encoded(index))/_doc/dr-canary"
        let answer = try server.get(path)
        if answer.status == 404 { return [] }
        guard answer.status == 200, let json = try? JSONValue(parsing: answer.body) else {
            throw CheckFailure("HTTP \(answer.status)", "GET \(path): HTTP \(answer.status): \(answer.excerpt)")
        }
        return json["_source"]?["value"]?.text.map { [$0] } ?? []
    }
}
