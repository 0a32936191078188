package import Documents
internal import FoundationEssentials
internal import Platform

/// Changes lists and mappings in a YAML text, and keeps its comments and its layout.
///
/// A place that it cannot change safely is refused. ``differsOnly(at:)`` proves the result.
package struct YAMLEdit {
    private let file: String
    private let original: String
    private var scalars: [Unicode.Scalar]

    /// - Parameter file: the name of the text in messages.
    package init(_ text: String, file: String) {
        self.file = file
        original = text
        scalars = Array(text.unicodeScalars)
    }

    package var text: String { String(String.UnicodeScalarView(scalars)) }

    // MARK: Changes

    /// Adds a text to the list at a path of keys, and creates the list if the last key is missing.
    /// - Throws: `DocumentError`.
    package mutating func add(_ item: String, toListAt path: [String]) throws(DocumentError) {
        try add(source: YAMLScalar.quoted(item), toListAt: path)
    }

    /// - Parameter source: the item in YAML's flow notation.
    package mutating func add(source: String, toListAt path: [String]) throws(DocumentError) {
        guard let list = try node(at: path) else {
            return try add(key: path.last ?? "", source: "[\(source)]", toMappingAt: Array(path.dropLast()))
        }
        guard case .sequence(let sequence) = list, let start = offset(of: list) else { throw refusal(path) }
        if scalars.indices.contains(start), scalars[start] == "[" {
            insert(sequence.isEmpty ? source : "\(source), ", at: start + 1)
        } else if let indent = indent(before: start) {
            insert("- \(source)\n\(indent)", at: start)
        } else {
            throw refusal(path)
        }
    }

    /// Removes an item that is a text from the list at a path of keys.
    package mutating func remove(itemAt index: Int, ofListAt path: [String]) throws(DocumentError) {
        guard let list = try node(at: path), case .sequence(let sequence) = list, sequence.indices.contains(index),
            case .scalar = sequence[index], let start = offset(of: list), let item = offset(of: sequence[index])
        else { throw refusal(path) }
        if scalars[start] == "[" {
            let end = try flowEnd(from: item, path)
            if scalars[end] == "," {
                var next = end + 1
                while next < scalars.count, scalars[next] == " " { next += 1 }
                scalars.removeSubrange(item..<next)
            } else {
                // The last item takes the comma before it along.
                var first = item
                func skipSpace() {
                    while first > start + 1, [" ", "\n"].contains(scalars[first - 1]) { first -= 1 }
                }
                skipSpace()
                if first > start + 1, scalars[first - 1] == "," {
                    first -= 1
                    skipSpace()
                }
                scalars.removeSubrange(first..<end)
            }
        } else {
            let line = lineStart(of: item)
            let end = scalars[item...].firstIndex(of: "\n").map { $0 + 1 } ?? scalars.count
            guard String(String.UnicodeScalarView(scalars[line..<item])).trimmed == "-" else { throw refusal(path) }
            scalars.removeSubrange(line..<end)
        }
    }

    /// Adds a key to the mapping at a path of keys.
    /// - Parameter source: the value in YAML's flow notation.
    package mutating func add(key: String, source: String, toMappingAt path: [String]) throws(DocumentError) {
        guard let mapping = try node(at: path) else { throw refusal(path + [key]) }
        try add(key: key, source: source, to: mapping, path + [key])
    }

    /// Adds a key to a mapping that is an item of the list at a path of keys.
    package mutating func add(
        key: String, source: String, toItemAt index: Int, ofListAt path: [String]
    ) throws(DocumentError) {
        guard case .sequence(let sequence)? = try node(at: path), sequence.indices.contains(index) else {
            throw refusal(path)
        }
        try add(key: key, source: source, to: sequence[index], path)
    }

    private mutating func add(
        key: String, source: String, to mapping: YAMLNode, _ path: [String]
    ) throws(DocumentError) {
        guard case .mapping(let pairs) = mapping, let start = offset(of: mapping) else { throw refusal(path) }
        if scalars[start] == "{" {
            insert("\(key): \(source)\(pairs.isEmpty ? "" : ", ")", at: start + 1)
        } else {
            // The first key moves to a new line. In a list, that line has no dash.
            let indent = String(repeating: " ", count: start - lineStart(of: start))
            insert("\(key): \(source)\n\(indent)", at: start)
        }
    }

    // MARK: The check

    /// Returns true if the value at a path of keys is the only one that differs from the original text.
    package func differsOnly(at path: [String]) -> Bool {
        guard let old = try? YAMLComposer.document(original), let new = try? YAMLComposer.document(text) else {
            return false
        }
        return Self.removing(path[...], from: old) == Self.removing(path[...], from: new)
    }

    private static func removing(_ path: ArraySlice<String>, from node: YAMLNode) -> YAMLNode {
        guard let key = path.first, var mapping = node.mapping else { return node }
        if path.count == 1 {
            mapping[key] = nil
        } else if let inner = mapping[key] {
            mapping[key] = removing(path.dropFirst(), from: inner)
        }
        return .mapping(mapping)
    }

    // MARK: Places

    private func node(at path: [String]) throws(DocumentError) -> YAMLNode? {
        let root: YAMLNode?
        do { root = try YAMLComposer.document(text) } catch {
            throw DocumentError(file: file, "is not valid YAML")
        }
        var node = root
        for key in path { node = node?.mapping?[key] }
        return node
    }

    private func offset(of node: YAMLNode) -> Int? {
        guard let mark = node.mark else { return nil }
        var line = 1, start = 0
        while line < mark.line {
            guard let end = scalars[start...].firstIndex(of: "\n") else { return nil }
            (start, line) = (end + 1, line + 1)
        }
        let offset = start + mark.column - 1
        return scalars.indices.contains(offset) ? offset : nil
    }

    private func lineStart(of offset: Int) -> Int {
        scalars[..<offset].lastIndex(of: "\n").map { $0 + 1 } ?? 0
    }

    /// Returns the spaces between the start of the line and `offset`; nil if there is anything else.
    private func indent(before offset: Int) -> String? {
        let start = lineStart(of: offset)
        guard scalars[start..<offset].allSatisfy({ $0 == " " }) else { return nil }
        return String(repeating: " ", count: offset - start)
    }

    /// Returns the place of the comma or bracket after a text in a list in brackets.
    private func flowEnd(from start: Int, _ path: [String]) throws(DocumentError) -> Int {
        var place = start
        var quote: Unicode.Scalar?
        while place < scalars.count {
            let scalar = scalars[place]
            if let open = quote {
                if open == "\"", scalar == "\\" { place += 1 } else if scalar == open { quote = nil }
            } else if scalar == "\"" || scalar == "'" {
                quote = scalar
            } else if scalar == "," || scalar == "]" {
                return place
            }
            place += 1
        }
        throw refusal(path)
    }

    private mutating func insert(_ text: String, at offset: Int) {
        scalars.insert(contentsOf: text.unicodeScalars, at: offset)
    }

    private func refusal(_ path: [String]) -> DocumentError {
        DocumentError(
            file: file, "dr cannot change '\(path.joined(separator: ": "))' here without touching other lines",
            hint: "edit the file by hand")
    }
}
