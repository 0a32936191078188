/// The part of a pattern from its first special character on, as a list of states. A text is matched in one pass; the
/// time grows with the product of the text's length and the number of states.
struct Glob: Sendable {
    struct Failure: Error {
        var reason: String
    }

    private enum State: Sendable {
        case byte(UInt8)
        /// `?`
        case one
        /// `[…]`
        case set(Set<UInt8>)
        /// `*`
        case many
        /// `**/`: an empty text, or any text that ends in a slash. Followed by ``inside``.
        case directories
        case inside
        /// `**` at the end.
        case rest
    }

    private var states: [State] = []

    init(_ pattern: some Collection<UInt8>) throws(Failure) {
        var rest = Array(pattern)[...]
        var isAfterSlash = true
        while let byte = rest.popFirst() {
            let wasAfterSlash = isAfterSlash
            isAfterSlash = false
            switch byte {
            case UInt8(ascii: "?"): states.append(.one)
            case UInt8(ascii: "["): states.append(.set(try Self.set(&rest)))
            case UInt8(ascii: "*"):
                let more = rest.prefix { $0 == UInt8(ascii: "*") }.count
                rest = rest.dropFirst(more)
                if more > 0, wasAfterSlash, rest.isEmpty {
                    states.append(.rest)
                } else if more > 0, wasAfterSlash, rest.first == Self.slash {
                    rest.removeFirst()
                    states += [.directories, .inside]
                    isAfterSlash = true
                } else {
                    states.append(.many)
                }
            case UInt8(ascii: "\\"):
                guard let literal = rest.popFirst() else { throw Failure(reason: "it ends in a backslash") }
                states.append(.byte(literal))
                isAfterSlash = literal == Self.slash
            default:
                states.append(.byte(byte))
                isAfterSlash = byte == Self.slash
            }
        }
    }

    private static let slash = UInt8(ascii: "/")

    func matches(_ text: some Collection<UInt8>) -> Bool {
        var current = [Bool](repeating: false, count: states.count + 1)
        enter(0, &current)
        for byte in text {
            var next = [Bool](repeating: false, count: states.count + 1)
            for index in states.indices where current[index] {
                switch states[index] {
                case .byte(let wanted): if byte == wanted { enter(index + 1, &next) }
                case .one: if byte != Self.slash { enter(index + 1, &next) }
                case .set(let wanted): if wanted.contains(byte) { enter(index + 1, &next) }
                case .many: if byte != Self.slash { enter(index, &next) }
                case .directories:
                    next[index + 1] = true
                    if byte == Self.slash { enter(index + 2, &next) }
                case .inside:
                    next[index] = true
                    if byte == Self.slash { enter(index + 1, &next) }
                case .rest: enter(index, &next)
                }
            }
            current = next
        }
        return current[states.count]
    }

    /// Marks a state, and the states that are reached from it without a character.
    private func enter(_ index: Int, _ marked: inout [Bool]) {
        guard !marked[index] else { return }
        marked[index] = true
        guard index < states.count else { return }
        switch states[index] {
        case .many, .rest: enter(index + 1, &marked)
        case .directories: enter(index + 2, &marked)
        case .byte, .one, .set, .inside: break
        }
    }

    // MARK: Sets

    /// Reads a set of characters from after its `[` to its `]`.
    private static func set(_ rest: inout ArraySlice<UInt8>) throws(Failure) -> Set<UInt8> {
        let open = Failure(reason: "a '[' has no ']'")
        var isNegated = false
        if let first = rest.first, first == UInt8(ascii: "!") || first == UInt8(ascii: "^") {
            isNegated = true
            rest.removeFirst()
        }
        var members: Set<UInt8> = []
        var before: UInt8?  // the possible beginning of a range
        var isFirst = true
        while true {
            guard var byte = rest.popFirst() else { throw open }
            if byte == UInt8(ascii: "]"), !isFirst { break }
            isFirst = false
            if byte == UInt8(ascii: "-"), let start = before, let end = rest.first, end != UInt8(ascii: "]") {
                rest.removeFirst()
                var end = end
                if end == UInt8(ascii: "\\") {
                    guard let literal = rest.popFirst() else { throw open }
                    end = literal
                }
                if start <= end { members.formUnion(start...end) }
                before = nil
            } else if byte == UInt8(ascii: "["), rest.first == UInt8(ascii: ":"), let named = try named(&rest) {
                members.formUnion(named)
                before = nil
            } else {
                if byte == UInt8(ascii: "\\") {
                    guard let literal = rest.popFirst() else { throw open }
                    byte = literal
                }
                members.insert(byte)
                before = byte
            }
        }
        if isNegated { members = Set(UInt8.min...UInt8.max).subtracting(members) }
        members.remove(slash)
        guard !members.isEmpty else { throw Failure(reason: "its '[…]' contains no character that a name can have") }
        return members
    }

    /// Reads a class such as `[:digit:]` from after its first bracket.
    /// - Returns: nil if it is not a class, but a set that begins with these characters.
    private static func named(_ rest: inout ArraySlice<UInt8>) throws(Failure) -> Set<UInt8>? {
        let inner = rest.dropFirst()
        guard let end = inner.firstIndex(of: UInt8(ascii: "]")) else { throw Failure(reason: "a '[' has no ']'") }
        guard end > inner.startIndex, inner[end - 1] == UInt8(ascii: ":") else { return nil }
        let name = String(decoding: inner[..<(end - 1)], as: UTF8.self)
        guard let members = classes[name] else { throw Failure(reason: "the class '[:\(name):]' does not exist") }
        rest = rest[(end + 1)...]
        return members
    }

    /// The classes of ISO C, for ASCII.
    private static let classes: [String: Set<UInt8>] = {
        let (lower, upper) = (Set(UInt8(ascii: "a")...UInt8(ascii: "z")), Set(UInt8(ascii: "A")...UInt8(ascii: "Z")))
        let digit = Set(UInt8(ascii: "0")...UInt8(ascii: "9"))
        let graph = Set<UInt8>(0x21...0x7E)
        let alnum = lower.union(upper).union(digit)
        return [
            "alnum": alnum, "alpha": lower.union(upper), "blank": [0x20, 0x09], "cntrl": Set(0...0x1F).union([0x7F]),
            "digit": digit, "graph": graph, "lower": lower, "print": graph.union([0x20]),
            "punct": graph.subtracting(alnum), "space": Set(0x09...0x0D).union([0x20]), "upper": upper,
            "xdigit": digit.union(UInt8(ascii: "a")...UInt8(ascii: "f")).union(UInt8(ascii: "A")...UInt8(ascii: "F")),
        ]
    }()
}
