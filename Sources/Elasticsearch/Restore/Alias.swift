internal import Documents

/// The indices behind one alias, with the properties that the alias has on each.
struct Alias: Equatable, Sendable {
    /// By index: `is_write_index`, `is_hidden`, `filter`, routing.
    var members: [String: JSONValue]

    init(_ members: [String: JSONValue]) { self.members = members }

    /// The index that a write through the alias goes to; nil if Elasticsearch refuses such a write.
    ///
    /// It is the one index with `is_write_index: true`. Without that flag it is the only index of the alias, unless the
    /// flag is false there.
    var writeIndex: String? {
        let flagged = members.filter { Self.flag($0.value) == true }
        guard flagged.isEmpty else { return flagged.count == 1 ? flagged.first?.key : nil }
        guard members.count == 1, let only = members.first, Self.flag(only.value) == nil else { return nil }
        return only.key
    }

    static func flag(_ properties: JSONValue) -> Bool? { properties["is_write_index"]?.bool }
    static func isHidden(_ properties: JSONValue) -> Bool { properties["is_hidden"]?.bool == true }

    /// Jaeger reads through `…-read` and writes through `…-write`. It never writes through the former, even while that
    /// leads to one index only.
    static func isForReading(_ name: String) -> Bool { name.hasSuffix("-read") }
}

extension ElasticsearchAPI {
    /// All aliases of the cluster, by name.
    func aliases() async throws -> [String: Alias] {
        let answer = try await find(
            ElasticsearchCall("GET", ["_alias"], needs: "the index privilege 'view_index_metadata' for these indices"))
        var aliases: [String: Alias] = [:]
        for (index, entry) in answer?.object ?? [:] {
            for (name, properties) in entry["aliases"]?.object ?? [:] {
                aliases[name, default: Alias([:])].members[index] = properties
            }
        }
        return aliases
    }
}
