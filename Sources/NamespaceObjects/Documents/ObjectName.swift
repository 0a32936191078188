internal import BackupRepository
internal import Documents

/// The identity of an object in a cluster, without the version of its type.
struct ObjectName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    var group: String
    /// "StatefulSet".
    var kind: String
    /// Nil for an object outside of namespaces.
    var namespace: String?
    var name: String

    init(group: String, kind: String, namespace: String?, name: String) {
        self.group = group
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// - Returns: nil for a document without kind, version or name.
    init?(_ document: JSONValue) {
        guard let kind = document["kind"]?.text, !kind.isEmpty, let version = document["apiVersion"]?.text,
            !version.isEmpty, let name = document["metadata"]?["name"]?.text, !name.isEmpty
        else { return nil }
        let parts = version.split(separator: "/", maxSplits: 1)
        self.init(
            group: parts.count == 2 ? String(parts[0]) : "", kind: kind,
            namespace: document["metadata"]?["namespace"]?.text.flatMap { $0.isEmpty ? nil : $0 }, name: name)
    }

    /// The path of its document in the tree of a backup.
    var path: String {
        let parts = [group.isEmpty ? "core" : group, kind] + (namespace.map { [$0] } ?? []) + [name]
        return parts.map(DocumentTree.name(for:)).joined(separator: "/") + ".json"
    }

    /// "'rules', namespace 'monitoring'".
    var description: String { "'\(name)'" + (namespace.map { ", namespace '\($0)'" } ?? "") }

    static func < (left: Self, right: Self) -> Bool {
        (left.group, left.kind, left.namespace ?? "", left.name)
            < (right.group, right.kind, right.namespace ?? "", right.name)
    }
}

/// The folders of the tree of a backup.
enum ObjectTree {
    /// Documents for operators, which a restore does not apply: storage classes and volumes.
    static let reference = "reference"
}
