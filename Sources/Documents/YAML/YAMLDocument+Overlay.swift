extension YAMLDocument {
    /// Returns the document with the values of another one: mappings are merged key by key, a null removes a key, and
    /// every other value replaces the value in this document.
    package func overlaid(by overlay: YAMLDocument) -> YAMLDocument {
        var document = self
        document.root = Self.merge(root, overlay.root)
        return document
    }

    /// True if the document is a mapping with this key.
    package func hasKey(_ name: String) -> Bool { root.mapping?.contains { $0.key.scalar?.string == name } ?? false }

    private static func isSecret(_ node: YAMLNode) -> Bool {
        SecretUse(node, path: "") != nil
            || (node.mapping?.count == 1 && node.mapping?.first?.key.scalar?.string == "command")
    }

    private static func merge(_ base: YAMLNode, _ overlay: YAMLNode) -> YAMLNode {
        // A reference to a secret is one value, although it is written as a mapping.
        guard let old = base.mapping, let new = overlay.mapping, !isSecret(base), !isSecret(overlay) else {
            return overlay
        }
        var pairs = old.map { ($0.key, $0.value) }
        for (key, value) in new {
            let index = pairs.firstIndex { $0.0.scalar?.string == key.scalar?.string }
            switch (index, value.isNull) {
            case (let index?, true): pairs.remove(at: index)
            case (let index?, false): pairs[index].1 = merge(pairs[index].1, value)
            case (nil, true): continue
            case (nil, false):
                // A null within a new mapping has no key to remove.
                let value = value.mapping == nil ? value : merge(.mapping(YAMLNode.Mapping([])), value)
                if value.mapping?.isEmpty != true { pairs.append((key, value)) }
            }
        }
        return .mapping(YAMLNode.Mapping(pairs, old.tag, old.style, old.mark))
    }
}
