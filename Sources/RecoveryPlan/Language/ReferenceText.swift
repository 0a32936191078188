/// A parsed text with `${name}` references. `$${` stands for a literal `${`.
struct ReferenceText: Equatable {
    enum Piece: Equatable {
        case text(String)
        case reference(String)
    }

    private(set) var pieces: [Piece] = []

    /// Parses a text; nil if a `${` has no closing `}`.
    init?(_ text: String) {
        var rest = Substring(text)
        var plain = ""
        while let dollar = rest.firstIndex(of: "$") {
            plain += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                plain += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else { return nil }
                append(&plain)
                pieces.append(.reference(String(rest.dropFirst(2)[..<end])))
                rest = rest[rest.index(after: end)...]
            } else {
                plain += "$"
                rest = rest.dropFirst()
            }
        }
        plain += rest
        append(&plain)
    }

    private mutating func append(_ plain: inout String) {
        if !plain.isEmpty { pieces.append(.text(plain)) }
        plain = ""
    }

    /// The name, if the text consists of a single reference.
    var soleReference: String? {
        if pieces.count == 1, case .reference(let name) = pieces[0] { name } else { nil }
    }
}
