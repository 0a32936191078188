internal import Documents

/// The decision of a restore about one index of a snapshot, by the state of the cluster.
struct IndexPlan: Equatable, Sendable {
    enum Action: Equatable, Sendable {
        case create, same
        /// Restore over it; an open index is closed first.
        case replace(isOpen: Bool)
        /// The target has a conflicting object; the text describes it.
        case conflict(String)
    }

    /// The present state of the cluster.
    struct Surroundings: Sendable {
        var indices: [String: ListedIndex] = [:]
        /// By name.
        var aliases: [String: Alias] = [:]
        var replaces = false
        var prefix: String?
    }

    /// An existing index.
    struct Present: Sendable {
        var essence: JSONValue
        var documents: Int?
    }

    static func action(for index: RecordedSnapshot.Index, present: Present?, in around: Surroundings) -> Action {
        let target = (around.prefix ?? "") + index.name
        if around.prefix == nil, let obstacle = aliasObstacle(index, around) { return .conflict(obstacle) }
        guard let listed = around.indices[target] else { return .create }
        if listed.isOpen, let present, isSame(index, present, withAliases: around.prefix == nil) { return .same }
        if let primaries = index.primaries, primaries != listed.primaries {
            return .conflict(
                "an index of this name has \(listed.primaries) primary shards, the snapshot's has \(primaries): "
                    + "delete it (DELETE /\(target)), or restore beside it with --prefix")
        }
        if around.replaces { return .replace(isOpen: listed.isOpen) }
        let state = listed.isOpen ? present?.documents.map { "\($0) documents" } ?? "open" : "closed"
        let recorded = index.documents.map { ", the backup has \($0.description)" } ?? ""
        return .conflict(
            "an index of this name exists (\(state)\(recorded)): --replace closes it and restores over it, "
                + "--prefix restores beside it; stop Jaeger's collectors first, because they create indices at once")
    }

    /// The name of an alias belongs to an index, or its write index is another one that stays.
    private static func aliasObstacle(_ index: RecordedSnapshot.Index, _ around: Surroundings) -> String? {
        for alias in index.aliases.keys.sorted() where around.indices[alias] != nil {
            return "its alias '\(alias)' is the name of an index here: a collector creates one if it writes before the "
                + "alias exists: stop it, and delete or rename that index (DELETE /\(alias))"
        }
        for alias in index.writeAliases {
            var other = around.aliases[alias] ?? Alias([:])
            other.members[index.name] = nil
            guard let writer = other.writeIndex else { continue }
            var both = other
            both.members[index.name] = index.aliases[alias]
            guard both.writeIndex != writer else { continue }
            return "alias '\(alias)' writes into '\(writer)' here, and an alias has one write index: with this index "
                + "behind it as well, new documents would be refused or go to the wrong index. Restore beside it with "
                + "--prefix, and add the alias for reading (POST /_aliases), or remove '\(alias)' from '\(writer)' first"
        }
        for (alias, properties) in index.aliases.sorted(by: { $0.key < $1.key }) {
            let others = (around.aliases[alias]?.members ?? [:]).filter { $0.key != index.name }
            if let other = others.filter({ Alias.isHidden($0.value) != Alias.isHidden(properties) }).keys.min() {
                return "alias '\(alias)' is hidden on one of '\(other)' and this index only, which Elasticsearch "
                    + "refuses: give it the same `is_hidden` there (POST /_aliases), or restore beside it with --prefix"
            }
        }
        return nil
    }

    private static func isSame(_ index: RecordedSnapshot.Index, _ present: Present, withAliases: Bool) -> Bool {
        guard let essence = index.essence, let documents = present.documents, let recorded = index.documents else {
            return false
        }
        return recorded.contains(documents) && essence["mappings"] == present.essence["mappings"]
            && essence["settings"]?["index.number_of_shards"] == present.essence["settings"]?["index.number_of_shards"]
            && (!withAliases || essence["aliases"] == present.essence["aliases"])
    }
}
