internal import Cryptography
internal import Documents

/// The captured objects of each type, with a short digest of each: the facts that a check compares a cluster with.
struct ObjectDigests: Equatable {
    /// The fact's name without the type.
    private static let prefix = "objects of "
    /// The digest of an object whose content must not show, since it may be guessed from a digest.
    private static let hidden = "-"

    private var digests: [ObjectName: String] = [:]

    init() {}

    init(facts: [String: String]) {
        for (fact, list) in facts where fact.hasPrefix(Self.prefix) {
            let type = fact.dropFirst(Self.prefix.count).split(separator: " ", maxSplits: 1)
            guard let kind = type.first else { continue }
            let group = type.count == 2 ? String(type[1].dropFirst().dropLast()) : ""
            for entry in list.split(separator: ", ") {
                let parts = entry.split(separator: " ").map(String.init)
                guard parts.count == 2 else { continue }
                let place = parts[0].split(separator: "/", maxSplits: 1).map(String.init)
                guard let name = place.last else { continue }
                digests[
                    ObjectName(
                        group: group, kind: String(kind), namespace: place.count == 2 ? place[0] : nil, name: name)] =
                    parts[1]
            }
        }
    }

    var count: Int { digests.count }
    var names: [ObjectName] { digests.keys.sorted() }

    mutating func add(_ name: ObjectName, _ document: JSONValue) { digests[name] = Self.digest(document) }
    mutating func remove(_ name: ObjectName) { digests[name] = nil }

    /// True if a present object is as it was captured.
    func matches(_ name: ObjectName, _ object: JSONValue) -> Bool {
        guard let digest = digests[name] else { return false }
        return digest == Self.hidden || digest == Self.digest(CanonicalObject.make(from: object))
    }

    /// The digest skips the number of replicas: autoscalers and operators change it while the stack runs.
    private static func digest(_ document: JSONValue) -> String {
        guard document["kind"]?.text != "Secret" else { return hidden }
        var document = document
        document["spec"] = document["spec"].map { $0.removing(["replicas"]) }
        return String(Digest(of: document.compact).hex.prefix(8))
    }

    var facts: [String: String] {
        let types = Dictionary(grouping: digests.keys) { name in
            Self.prefix + name.kind + (name.group.isEmpty ? "" : " (\(name.group))")
        }
        return types.mapValues { names in
            names.sorted().map { name in
                (name.namespace.map { "\($0)/" } ?? "") + "\(name.name) \(digests[name] ?? Self.hidden)"
            }.joined(separator: ", ")
        }
    }
}
