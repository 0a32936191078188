/// A JSON value that keeps numbers as they were written. `dr` must not change the documents that it passes on, and a
/// `Double` would change `1e21` or a 64-bit identifier.
///
/// Equality compares the text of numbers (`1.0` is not `1`) and ignores the order of an object's members.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The text of the number, as in RFC 8259, section 6.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    // MARK: Access to the content; nil if the value is of another kind

    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
    package var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    package var isNull: Bool { self == .null }

    /// A whole number that fits; also for `3.0`, and for a string of digits, because some servers send identifiers so.
    package var integer: Int? {
        switch self {
        case .number(let text): Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
        case .string(let text): Int(text)
        default: nil
        }
    }

    /// A member of an object; nil if it does not exist or the value is not an object.
    package subscript(_ key: String) -> JSONValue? {
        get { object?[key] }
        set {
            guard case .object(var members) = self else { return }
            self = .null  // the dictionary then has one owner and is changed in place
            members[key] = newValue
            self = .object(members)
        }
    }

    /// Returns the object with more members, which replace those of the same name; any other value unchanged.
    package func adding(_ members: [String: JSONValue]) -> JSONValue {
        guard case .object(let own) = self else { return self }
        return .object(own.merging(members) { $1 })
    }

    /// Returns the object without some members; any other value unchanged.
    package func removing(_ keys: [String]) -> JSONValue {
        guard case .object(var members) = self else { return self }
        for key in keys { members[key] = nil }
        return .object(members)
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(Dictionary(elements) { $1 }) }
    package init(nilLiteral: ()) { self = .null }
    package init(_ value: Int) { self = .number(String(value)) }
}
