/// A place in a YAML document where a secret is needed: a reference, or the marker of a removed secret.
package struct SecretUse: Equatable, Sendable {
    package enum Source: Equatable, Sendable {
        case environment(String)
        case file(String)
        /// The stored document has a marker in the place of a literal secret.
        case removed
    }

    /// The keys down to the place, such as `components.metrics.password`.
    package var path: String
    package var source: Source

    /// Returns every place in the document, in its order.
    package static func all(in node: YAMLNode) -> [SecretUse] { all(in: node, path: []) }

    private static func all(in node: YAMLNode, path: [String]) -> [SecretUse] {
        if let use = SecretUse(node, path: path.joined(separator: ".")) { return [use] }
        switch node {
        case .mapping(let mapping):
            return mapping.flatMap { key, value in all(in: value, path: path + [key.scalar?.string ?? ""]) }
        case .sequence(let sequence): return sequence.flatMap { all(in: $0, path: path) }
        case .scalar: return []
        }
    }

    /// The secret for messages.
    package var about: String {
        switch source {
        case .environment(let name): "environment variable '\(name)'"
        case .file(let path): "file '\(path)'"
        case .removed: "a literal value, which backups do not hold"
        }
    }
}

extension SecretUse {
    init?(_ node: YAMLNode, path: String) {
        self.path = path
        if let scalar = node.scalar {
            guard scalar.string.contains(SecretRemoval.marker) else { return nil }
            source = .removed
            return
        }
        guard let mapping = node.mapping, mapping.count == 1,
            let (key, value) = mapping.first.map({ ($0.key, $0.value) }),
            let text = value.scalar?.string
        else { return nil }
        switch key.scalar?.string {
        case "env": source = .environment(text)
        case "file": source = .file(text)
        default: return nil
        }
    }
}
