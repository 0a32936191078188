package import Documents

/// A JSON text as a tree that can also hold what JSON does not allow: numbers of any text, and two members of one name.
package indirect enum JSONText {
    /// Anything without parts, as it is written.
    case raw(String)
    case array([JSONText])
    case object([(name: String, value: JSONText)])

    package init(_ value: JSONValue) {
        switch value {
        case .array(let values): self = .array(values.map(JSONText.init))
        case .object(let members):
            self = .object(members.sorted { $0.key < $1.key }.map { ($0.key, JSONText($0.value)) })
        default: self = .raw(String(decoding: value.compact, as: UTF8.self))
        }
    }

    package static func string(_ text: String) -> JSONText {
        var bytes: [UInt8] = []
        JSONValue.write(text, into: &bytes)
        return .raw(String(decoding: bytes, as: UTF8.self))
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes)
        return bytes
    }

    private func write(into bytes: inout [UInt8]) {
        switch self {
        case .raw(let text): bytes += text.utf8
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(into: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONValue.write(member.name, into: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(into: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// The number of nodes, this one included.
    var count: Int {
        switch self {
        case .raw: 1
        case .array(let values): values.reduce(1) { $0 + $1.count }
        case .object(let members): members.reduce(1) { $0 + $1.value.count }
        }
    }

    /// Returns the node at a position in the order in which nodes are written.
    subscript(_ position: Int) -> JSONText {
        var left = position
        return find(&left) ?? .raw("null")
    }

    private func find(_ left: inout Int) -> JSONText? {
        if left == 0 { return self }
        left -= 1
        switch self {
        case .raw: return nil
        case .array(let values):
            for value in values { if let found = value.find(&left) { return found } }
        case .object(let members):
            for member in members { if let found = member.value.find(&left) { return found } }
        }
        return nil
    }

    /// Replaces the node at a position.
    mutating func replace(_ position: Int, _ change: (JSONText) -> JSONText) {
        var left = position
        _ = replace(&left, change)
    }

    private mutating func replace(_ left: inout Int, _ change: (JSONText) -> JSONText) -> Bool {
        if left == 0 {
            self = change(self)
            return true
        }
        left -= 1
        switch self {
        case .raw: return false
        case .array(var values):
            for index in values.indices where values[index].replace(&left, change) {
                self = .array(values)
                return true
            }
        case .object(var members):
            for index in members.indices where members[index].value.replace(&left, change) {
                self = .object(members)
                return true
            }
        }
        return false
    }
}
