/// Reads the tags of a template.
struct MustacheParser {
    private let bytes: [UInt8]
    private var position = 0
    private var open = Array("{{".utf8)
    private var close = Array("}}".utf8)
    /// The sections around the current position, the innermost last.
    private var frames: [Frame] = [Frame(kind: nil, name: "", start: 0)]

    private struct Frame {
        /// The character that began it; nil for the whole template.
        var kind: UInt8?
        var name: String
        var start: Int
        var nodes: [MustacheNode] = []
    }

    private struct Tag {
        var kind: UInt8
        var name: String
        var start: Int
        var end: Int
    }

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func parse() throws(MustacheError) -> [MustacheNode] {
        while let start = firstIndex(of: open, from: position) {
            var textEnd = start
            let tag = try tag(at: start)
            position = tag.end
            var indentation = ""
            if Self.canStandAlone.contains(tag.kind), let line = lineAround(tag) {
                indentation = String(decoding: bytes[line.lowerBound..<start], as: UTF8.self)
                textEnd = line.lowerBound
                position = line.upperBound
            }
            add(text: lastEnd..<max(lastEnd, textEnd))
            lastEnd = position
            try apply(tag, indentation: indentation)
        }
        add(text: lastEnd..<bytes.count)
        guard frames.count == 1 else {
            throw error(at: frames[frames.count - 1].start, "'\(frames[frames.count - 1].name)' has no end")
        }
        return frames[0].nodes
    }

    /// Everything before it has become nodes.
    private var lastEnd = 0

    private static let canStandAlone = Set("#^/!>=".utf8)

    private mutating func add(text range: Range<Int>) {
        guard !range.isEmpty else { return }
        frames[frames.count - 1].nodes.append(.text(String(decoding: bytes[range], as: UTF8.self)))
    }

    private mutating func apply(_ tag: Tag, indentation: String) throws(MustacheError) {
        switch tag.kind {
        case UInt8(ascii: "!"): break
        case UInt8(ascii: "="): try changeDelimiters(tag)
        case UInt8(ascii: "#"), UInt8(ascii: "^"):
            frames.append(Frame(kind: tag.kind, name: tag.name, start: tag.start))
        case UInt8(ascii: "/"): try endSection(tag)
        case UInt8(ascii: ">"): append(.partial(name: tag.name, indentation: indentation))
        case UInt8(ascii: "&"), UInt8(ascii: "{"): append(.value(name: Self.path(tag.name), isEscaped: false))
        default: append(.value(name: Self.path(tag.name), isEscaped: true))
        }
    }

    private mutating func append(_ node: MustacheNode) { frames[frames.count - 1].nodes.append(node) }

    private mutating func endSection(_ tag: Tag) throws(MustacheError) {
        guard let frame = frames.popLast(), let kind = frame.kind else {
            throw error(at: tag.start, "'\(tag.name)' ends and has not begun")
        }
        guard frame.name == tag.name else {
            throw error(at: tag.start, "'\(tag.name)' ends inside of '\(frame.name)'")
        }
        let name = Self.path(tag.name)
        append(
            kind == UInt8(ascii: "#")
                ? .section(name: name, content: frame.nodes) : .inverted(name: name, content: frame.nodes))
    }

    private mutating func changeDelimiters(_ tag: Tag) throws(MustacheError) {
        let words = tag.name.split(whereSeparator: \.isWhitespace)
        guard words.count == 2 else { throw error(at: tag.start, "expected two delimiters") }
        open = Array(words[0].utf8)
        close = Array(words[1].utf8)
    }

    private func tag(at start: Int) throws(MustacheError) -> Tag {
        var content = start + open.count
        let kinds = Set("#^/!>&{=".utf8)
        var kind: UInt8 = 0
        if content < bytes.count, kinds.contains(bytes[content]) {
            kind = bytes[content]
            content += 1
        }
        let ending =
            switch kind {
            case UInt8(ascii: "{"): [UInt8(ascii: "}")] + close
            case UInt8(ascii: "="): [UInt8(ascii: "=")] + close
            default: close
            }
        guard let end = firstIndex(of: ending, from: content) else { throw error(at: start, "a tag has no end") }
        let words = String(decoding: bytes[content..<end], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let name = words.joined(separator: " ")
        guard !name.isEmpty || kind == UInt8(ascii: "!") else { throw error(at: start, "a tag has no name") }
        return Tag(kind: kind, name: name, start: start, end: end + ending.count)
    }

    /// The line that has nothing but the tag, with its line break.
    private func lineAround(_ tag: Tag) -> Range<Int>? {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var start = tag.start
        while start > 0, isBlank(bytes[start - 1]) { start -= 1 }
        guard start == 0 || bytes[start - 1] == UInt8(ascii: "\n") else { return nil }
        var end = tag.end
        while end < bytes.count, isBlank(bytes[end]) { end += 1 }
        if end < bytes.count, bytes[end] == UInt8(ascii: "\r") { end += 1 }
        guard end < bytes.count else { return start..<end }
        return bytes[end] == UInt8(ascii: "\n") ? start..<end + 1 : nil
    }

    private func firstIndex(of needle: [UInt8], from start: Int) -> Int? {
        guard let first = needle.first, start <= bytes.count - needle.count else { return nil }
        var index = start
        while let found = bytes[index...].firstIndex(of: first), found <= bytes.count - needle.count {
            if bytes[found..<found + needle.count].elementsEqual(needle) { return found }
            index = found + 1
        }
        return nil
    }

    private static func path(_ name: String) -> [String] {
        name == "." ? [] : name.split(separator: ".").map(String.init)
    }

    private func error(at position: Int, _ problem: String) -> MustacheError {
        MustacheError(line: bytes[..<position].count { $0 == UInt8(ascii: "\n") } + 1, problem: problem)
    }
}
