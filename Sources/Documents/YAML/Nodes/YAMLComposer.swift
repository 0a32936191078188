internal import CYAML

/// The reason why a text is not the YAML that was expected.
package struct YAMLError: Error, Equatable {
    /// Without text of the document, which may contain secrets.
    package var problem: String
    /// nil if the bytes of the text are not valid.
    package var mark: YAMLMark?
    /// The keys that one mapping has more than once.
    package var repeatedKeys: [String] = []
}

/// Builds nodes from the events of libyaml.
package final class YAMLComposer {
    /// The deepest nesting of mappings and lists. Each level costs a frame of the stack.
    private static let deepest = 512

    private var parser = yaml_parser_t()
    private var event = yaml_event_t()
    private var hasEvent = false
    private var anchors: [String: YAMLNode] = [:]
    private let input: UnsafeMutableBufferPointer<UInt8>

    private init(_ text: String) {
        var text = text
        input = text.withUTF8 { bytes in
            let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
            _ = copy.initialize(from: bytes)
            return copy
        }
        yaml_parser_initialize(&parser)
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(&parser, input.baseAddress, input.count)
    }

    deinit {
        if hasEvent { yaml_event_delete(&event) }
        yaml_parser_delete(&parser)
        input.deallocate()
    }

    /// Composes the only document of a text.
    /// - Returns: nil if the text has none.
    package static func document(_ text: String) throws(YAMLError) -> YAMLNode? {
        let composer = YAMLComposer(text)
        try composer.start()
        guard let root = try composer.next() else { return nil }
        guard composer.event.type == YAML_STREAM_END_EVENT else {
            throw YAMLError(problem: "expected a single document in the stream, found another", mark: composer.mark)
        }
        return root
    }

    /// Composes all documents of a text.
    package static func documents(_ text: String) throws(YAMLError) -> [YAMLNode] {
        let composer = YAMLComposer(text)
        try composer.start()
        var roots: [YAMLNode] = []
        while let root = try composer.next() { roots.append(root) }
        return roots
    }

    private func start() throws(YAMLError) {
        try advance()
        try advance()
    }

    /// Composes the document whose start is the current event.
    private func next() throws(YAMLError) -> YAMLNode? {
        guard event.type == YAML_DOCUMENT_START_EVENT else { return nil }
        anchors = [:]
        try advance()
        let root = try node(depth: 0)
        try advance()
        return root
    }

    /// The place of the current event.
    private var mark: YAMLMark { Self.mark(event.start_mark) }

    private static func mark(_ mark: yaml_mark_t) -> YAMLMark {
        YAMLMark(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }

    private func advance() throws(YAMLError) {
        if hasEvent { yaml_event_delete(&event) }
        hasEvent = yaml_parser_parse(&parser, &event) == 1
        guard !hasEvent else { return }
        let problem = parser.problem.map { String(cString: $0) } ?? "the text cannot be read"
        throw YAMLError(
            problem: problem, mark: parser.error == YAML_READER_ERROR ? nil : Self.mark(parser.problem_mark))
    }

    /// Composes the value that begins with the current event, and moves past it.
    private func node(depth: Int) throws(YAMLError) -> YAMLNode {
        guard depth < Self.deepest else {
            throw YAMLError(problem: "more than \(Self.deepest) mappings and lists in each other", mark: mark)
        }
        switch event.type {
        case YAML_SCALAR_EVENT: return try scalar()
        case YAML_SEQUENCE_START_EVENT: return try sequence(depth: depth)
        case YAML_MAPPING_START_EVENT: return try mapping(depth: depth)
        default:
            let name = Self.text(event.data.alias.anchor) ?? ""
            guard let node = anchors[name] else { throw YAMLError(problem: "found undefined alias", mark: mark) }
            try advance()
            return node
        }
    }

    private func scalar() throws(YAMLError) -> YAMLNode {
        let scalar = event.data.scalar
        let text = String(
            decoding: UnsafeBufferPointer(start: scalar.value, count: Int(scalar.length)), as: UTF8.self)
        let style: YAMLStyle =
            switch scalar.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
            case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
            case YAML_LITERAL_SCALAR_STYLE: .literal
            case YAML_FOLDED_SCALAR_STYLE: .folded
            default: .plain
            }
        let tag = Self.tag(scalar.tag) ?? (scalar.plain_implicit == 1 ? YAMLTag(ofPlain: text) : .str)
        let node = YAMLNode.scalar(YAMLNode.Scalar(text, tag, style, mark))
        keep(node, as: Self.text(scalar.anchor))
        try advance()
        return node
    }

    private func sequence(depth: Int) throws(YAMLError) -> YAMLNode {
        let start = event.data.sequence_start
        let (anchor, tag, mark) = (Self.text(start.anchor), Self.tag(start.tag) ?? .seq, mark)
        let style: YAMLStyle = start.style == YAML_FLOW_SEQUENCE_STYLE ? .flow : .block
        var elements: [YAMLNode] = []
        try advance()
        while event.type != YAML_SEQUENCE_END_EVENT { elements.append(try node(depth: depth + 1)) }
        let node = YAMLNode.sequence(YAMLNode.Sequence(elements, tag, style, mark))
        keep(node, as: anchor)
        try advance()
        return node
    }

    private func mapping(depth: Int) throws(YAMLError) -> YAMLNode {
        let start = event.data.mapping_start
        let (anchor, tag, mark) = (Self.text(start.anchor), Self.tag(start.tag) ?? .map, mark)
        let style: YAMLStyle = start.style == YAML_FLOW_MAPPING_STYLE ? .flow : .block
        var pairs: [(YAMLNode, YAMLNode)] = []
        var seen: Set<String> = []
        var repeated: [(name: String, mark: YAMLMark?)] = []
        try advance()
        while event.type != YAML_MAPPING_END_EVENT {
            let key = try node(depth: depth + 1)
            if let name = key.scalar?.string, !seen.insert(name).inserted { repeated.append((name, key.mark)) }
            pairs.append((key, try node(depth: depth + 1)))
        }
        if let first = repeated.first {
            throw YAMLError(
                problem: "a mapping has a key more than once", mark: first.mark,
                repeatedKeys: repeated.map(\.name).sorted())
        }
        let node = YAMLNode.mapping(YAMLNode.Mapping(pairs, tag, style, mark))
        keep(node, as: anchor)
        try advance()
        return node
    }

    private func keep(_ node: YAMLNode, as anchor: String?) {
        if let anchor { anchors[anchor] = node }
    }

    private static func text(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        bytes.map { String(cString: $0) }
    }

    /// The explicit tag of a node; `!` alone is none.
    private static func tag(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> YAMLTag? {
        text(bytes).flatMap { $0.isEmpty || $0 == "!" ? nil : YAMLTag($0) }
    }
}
