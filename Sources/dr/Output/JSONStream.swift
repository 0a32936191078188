import FoundationEssentials
import Operations
import Platform

/// A long result, printed row by row: lines of text, or one JSON object with an array of rows.
struct JSONStream {
    private let key: String?
    private var isFirst = true
    /// The buffered text.
    private var waiting = ""
    /// The size of the buffer, in UTF-8 code units.
    private let room: Int

    /// - Parameters:
    ///   - key: the name of the array; nil for text.
    ///   - isLive: writes each row immediately, for slow operations.
    init(_ key: String?, isLive: Bool = false) {
        self.key = key
        room = isLive ? 0 : 64 << 10
    }

    /// - Throws: `StandardOutputError`.
    mutating func add(_ row: some Encodable, _ text: () -> String) throws {
        if let key {
            waiting += isFirst ? "{\"\(key)\": [\n" : ",\n"
            waiting += try Output.json(row, [])
        } else {
            waiting += text() + "\n"
        }
        isFirst = false
        if waiting.utf8.count > room { try flush() }
    }

    mutating func end() throws {
        if let key { waiting += isFirst ? "{\"\(key)\": []}\n" : "\n]}\n" }
        try flush()
    }

    /// Ends the document with the members of `summary` beside the rows.
    mutating func end(with summary: some Encodable) throws {
        if let key {
            let members = try Output.json(summary, []).dropFirst()
            waiting += isFirst ? "{\"\(key)\": [],\(members)\n" : "\n],\(members)\n"
        }
        try flush()
    }

    private mutating func flush() throws {
        defer { waiting = "" }
        guard !waiting.isEmpty else { return }
        if key == nil { try StandardOutput.write(waiting) } else { try StandardOutput.write(exactly: waiting) }
    }
}
