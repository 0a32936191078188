/// One value of a composed YAML document, with its place in the text.
///
/// Aliases are replaced by the values of their anchors. Two nodes are equal if their tags and values are; places and
/// styles do not count.
package indirect enum YAMLNode: Equatable, Sendable {
    case scalar(Scalar)
    case mapping(Mapping)
    case sequence(Sequence)

    package struct Scalar: Equatable, Sendable {
        package var string: String
        package var tag: YAMLTag
        package var style: YAMLStyle
        package var mark: YAMLMark?

        package init(_ string: String, _ tag: YAMLTag = .str, _ style: YAMLStyle = .any, _ mark: YAMLMark? = nil) {
            self.string = string
            self.tag = tag
            self.style = style
            self.mark = mark
        }

        package static func == (a: Self, b: Self) -> Bool { a.tag == b.tag && a.string == b.string }
    }

    /// The pairs of a mapping in the order of the text.
    package struct Mapping: Equatable, RandomAccessCollection, Sendable {
        private var pairs: [(key: YAMLNode, value: YAMLNode)]
        package var tag: YAMLTag
        package var style: YAMLStyle
        package var mark: YAMLMark?

        package init(
            _ pairs: [(YAMLNode, YAMLNode)], _ tag: YAMLTag = .map, _ style: YAMLStyle = .any, _ mark: YAMLMark? = nil
        ) {
            self.pairs = pairs.map { (key: $0.0, value: $0.1) }
            self.tag = tag
            self.style = style
            self.mark = mark
        }

        package var startIndex: Int { 0 }
        package var endIndex: Int { pairs.count }
        package subscript(index: Int) -> (key: YAMLNode, value: YAMLNode) { pairs[index] }

        /// The value of a key; nil removes the pair.
        package subscript(key: String) -> YAMLNode? {
            get { pairs.first { $0.key.scalar?.string == key }?.value }
            set {
                let index = pairs.firstIndex { $0.key.scalar?.string == key }
                switch (index, newValue) {
                case (let index?, let value?): pairs[index].value = value
                case (let index?, nil): pairs.remove(at: index)
                case (nil, let value?): pairs.append((key: YAMLNode(key), value: value))
                case (nil, nil): break
                }
            }
        }

        package static func == (a: Self, b: Self) -> Bool {
            a.tag == b.tag && a.elementsEqual(b) { $0.key == $1.key && $0.value == $1.value }
        }
    }

    package struct Sequence: Equatable, RandomAccessCollection, Sendable {
        private var elements: [YAMLNode]
        package var tag: YAMLTag
        package var style: YAMLStyle
        package var mark: YAMLMark?

        package init(
            _ elements: [YAMLNode], _ tag: YAMLTag = .seq, _ style: YAMLStyle = .any, _ mark: YAMLMark? = nil
        ) {
            self.elements = elements
            self.tag = tag
            self.style = style
            self.mark = mark
        }

        package var startIndex: Int { 0 }
        package var endIndex: Int { elements.count }
        package subscript(index: Int) -> YAMLNode { elements[index] }

        package static func == (a: Self, b: Self) -> Bool { a.tag == b.tag && a.elements == b.elements }
    }

    package init(_ string: String, _ tag: YAMLTag = .str) { self = .scalar(Scalar(string, tag)) }

    package init(_ pairs: [(YAMLNode, YAMLNode)]) { self = .mapping(Mapping(pairs)) }

    package var scalar: Scalar? { if case .scalar(let scalar) = self { scalar } else { nil } }
    package var mapping: Mapping? { if case .mapping(let mapping) = self { mapping } else { nil } }
    package var sequence: Sequence? { if case .sequence(let sequence) = self { sequence } else { nil } }

    /// The elements of a list; none of another node.
    package var elements: [YAMLNode] { sequence.map(Array.init) ?? [] }

    package var tag: YAMLTag {
        switch self {
        case .scalar(let scalar): scalar.tag
        case .mapping(let mapping): mapping.tag
        case .sequence(let sequence): sequence.tag
        }
    }

    package var mark: YAMLMark? {
        switch self {
        case .scalar(let scalar): scalar.mark
        case .mapping(let mapping): mapping.mark
        case .sequence(let sequence): sequence.mark
        }
    }

    /// The value of a key, if the node is a mapping that has it.
    package subscript(key: String) -> YAMLNode? { mapping?[key] }

    /// The truth value that YAML 1.1 reads in the text of a scalar.
    package var bool: Bool? {
        switch scalar?.string.lowercased() {
        case "true", "yes", "on": true
        case "false", "no", "off": false
        default: nil
        }
    }
}

/// A place in a YAML text: line and column from 1, in Unicode scalars.
package struct YAMLMark: Equatable, Sendable {
    package var line: Int
    package var column: Int
}

/// The way in which a node is written.
package enum YAMLStyle: Sendable {
    case any, plain, singleQuoted, doubleQuoted, literal, folded, block, flow
}
