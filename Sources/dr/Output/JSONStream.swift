import Foundation

/// A long result, printed row by row: lines of text, or one JSON object with an array of rows.
struct JSONStream {
    private let key: String?
    private var isFirst = true

    /// - Parameter key: of the array; nil for text.
    init(_ key: String?) { self.key = key }

    mutating func add(_ row: some Encodable, _ text: () -> String) throws {
        guard let key else { return print(text()) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = String(decoding: try encoder.encode(row), as: UTF8.self)
        print(isFirst ? "{\"\(key)\": [\n\(json)" : ",\n\(json)", terminator: "")
        isFirst = false
    }

    func end() {
        guard let key else { return }
        print(isFirst ? "{\"\(key)\": []}" : "\n]}")
    }

    /// Ends the document with the members of `summary` beside the rows.
    func end(with summary: some Encodable) throws {
        guard let key else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let members = String(decoding: try encoder.encode(summary), as: UTF8.self).dropFirst()
        print(isFirst ? "{\"\(key)\": [],\(members)" : "\n],\(members)")
    }
}
