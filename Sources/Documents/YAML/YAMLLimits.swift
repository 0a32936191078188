/// The limits of YAML texts. They bound the time and the memory that a text can cost.
package enum YAMLLimits {
    /// The longest configuration or plan, in bytes. dr.yaml with a hundred components takes about 50 KiB.
    package static let longestFile = 1 << 20
    /// The longest configuration that a server may show, in bytes. Generated ones list thousands of targets.
    package static let longestAnswer = 8 << 20
    /// The number of nodes in one text, after each alias is replaced by its content. Ten aliases in each of ten lists
    /// would otherwise make ten thousand million nodes.
    package static let mostNodes = 1_000_000
}

extension YAMLNode {
    /// Composes the configuration that a server showed.
    /// - Returns: nil if the text is not valid YAML, is empty, or exceeds the limits.
    package static func composed(ofServer text: String) -> YAMLNode? {
        guard text.utf8.count <= YAMLLimits.longestAnswer, let root = try? YAMLComposer.document(text),
            root.isWithinLimit
        else { return nil }
        return root
    }

    /// True if the node and all nodes below it are at most ``YAMLLimits/mostNodes``.
    var isWithinLimit: Bool {
        var left = YAMLLimits.mostNodes
        return takeNodes(from: &left)
    }

    private func takeNodes(from left: inout Int) -> Bool {
        left -= 1
        guard left >= 0 else { return false }
        switch self {
        case .scalar: return true
        case .sequence(let sequence):
            for child in sequence { guard child.takeNodes(from: &left) else { return false } }
        case .mapping(let mapping):
            for (key, value) in mapping {
                guard key.takeNodes(from: &left), value.takeNodes(from: &left) else { return false }
            }
        }
        return true
    }
}
