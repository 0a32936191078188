internal import Documents
internal import Foundation
internal import Platform

/// The nonce in Elasticsearch: a document in an index of its own that the component's pattern matches.
package struct ElasticsearchSentinel: Sentinel {
    package let component: String
    private let server: CheckedServer
    private let index: String

    /// - Parameter index: nil for the one that follows from the pattern.
    package init(component: String, server: CheckedServer, indices: String, index: String?) {
        self.component = component
        self.server = server
        self.index = index ?? Self.index(for: indices)
    }

    /// "jaeger-*" gives "jaeger-dr-sentinel".
    static func index(for pattern: String) -> String {
        let first = pattern.split(separator: ",").first { !$0.hasPrefix("-") } ?? "*"
        let name = first.replacing("*", with: "dr-sentinel")
        return name == first ? "dr-sentinel" : String(name)
    }

    package func plant(_ nonce: String) throws -> Int {
        let now = Int(clamping: Date().timeIntervalSince1970 * 1000)
        let document: JSONValue = ["nonce": .string(nonce), "at": JSONValue(now)]
        try server.write("PUT", "/\(CheckedServer.encoded(index))/_doc/dr-sentinel", document.compact)
        guard try nonces(around: now).contains(nonce) else {
            throw CheckFailure("-", "the sentinel's document does not show what was written")
        }
        return now
    }

    package func nonces(around time: Int) throws -> [String] {
        let path = "/\(CheckedServer.encoded(index))/_doc/dr-sentinel"
        let answer = try server.get(path)
        if answer.status == 404 { return [] }
        guard answer.status == 200, let json = try? JSONValue(parsing: answer.body) else {
            throw CheckFailure("HTTP \(answer.status)", "GET \(path): HTTP \(answer.status): \(answer.excerpt)")
        }
        return json["_source"]?["nonce"]?.text.map { [$0] } ?? []
    }
}
