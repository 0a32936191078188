/// A change to one text of a YAML document.
package enum ScalarChange: Equatable, Sendable {
    case keep
    /// Removes the key with the text. A mapping without keys is removed too.
    case remove
    case replace(String)
}

extension YAMLDocument {
    /// Returns the text of the document after changes, without its comments.
    /// - Parameter change: receives the keys above each text.
    /// - Returns: nil if nothing changes.
    /// - Throws: `DocumentError` if the document cannot be written in YAML without a change of its meaning.
    package func text(
        changing change: (_ path: [String], _ text: String) -> ScalarChange
    ) throws(DocumentError) -> String? {
        guard let node = Self.changed(root, path: [], by: change) else { return nil }
        guard node != root else { return nil }
        guard let text = YAMLEmitter.text(of: node),
            let again = try? YAMLComposer.document(text), again == node
        else { throw DocumentError(file: file, "it cannot be written without its comments") }
        return text
    }

    private static func changed(
        _ node: YAMLNode, path: [String], by change: (_ path: [String], _ text: String) -> ScalarChange
    ) -> YAMLNode? {
        switch node {
        case .mapping(let mapping):
            let pairs = mapping.compactMap { key, value in
                changed(value, path: path + [key.scalar?.string ?? ""], by: change).map { (key, $0) }
            }
            guard !pairs.isEmpty || mapping.isEmpty else { return nil }
            return .mapping(YAMLNode.Mapping(pairs, mapping.tag, mapping.style))
        case .sequence(let sequence):
            return .sequence(
                YAMLNode.Sequence(
                    sequence.map { changed($0, path: path, by: change) ?? $0 }, sequence.tag, sequence.style))
        case .scalar(let scalar):
            guard !node.isNull else { return node }
            switch change(path, scalar.string) {
            case .keep: return node
            case .remove: return nil
            case .replace(let text): return .scalar(YAMLNode.Scalar(text, .str, .doubleQuoted))
            }
        }
    }
}
