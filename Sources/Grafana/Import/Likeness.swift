internal import Documents

/// Compares two values by their meaning to Grafana.
enum Likeness {
    /// For objects that Grafana stores unchanged: dashboards, settings of data sources. A null member counts as absent,
    /// and numbers are compared by value, because a server may write `1.0` as `1`.
    static func alike(_ first: JSONValue?, _ second: JSONValue?) -> Bool {
        switch (first ?? .null, second ?? .null) {
        case (.object(let first), .object(let second)):
            return first.allSatisfy { alike($0.value, second[$0.key]) }
                && second.allSatisfy { first[$0.key] != nil || $0.value.isNull }
        case (.array(let first), .array(let second)):
            return first.count == second.count && zip(first, second).allSatisfy { alike($0, $1) }
        case (.number(let first), .number(let second)): return first == second || areEqual(first, second)
        case (let first, let second): return first == second
        }
    }

    /// For members whose absence means their zero value: absent, null, false, "", [] and {} are equal.
    static func alike(_ first: JSONValue, _ second: JSONValue, members: [String]) -> Bool {
        members.allSatisfy { name in
            let (one, other) = (first[name], second[name])
            return isZero(one) && isZero(other) || alike(one, other)
        }
    }

    static func isZero(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null, .bool(false), .string(""), .array([]): true
        case .object(let members): members.isEmpty
        default: false
        }
    }

    /// A `Double` distinguishes whole numbers of up to 15 digits; longer ones are compared as text.
    private static func areEqual(_ first: String, _ second: String) -> Bool {
        guard first.utf8.count <= 15, second.utf8.count <= 15, let first = Double(first), let second = Double(second)
        else { return false }
        return first == second
    }
}

extension JSONValue {
    /// The members of these names, if they exist.
    func keeping(_ names: [String]) -> JSONValue {
        guard let members = object else { return self }
        return .object(members.filter { names.contains($0.key) })
    }

    /// This object with the members of another, which take precedence.
    func merging(_ other: JSONValue) -> JSONValue {
        guard let members = object, let others = other.object else { return other }
        return .object(members.merging(others) { $1 })
    }

    /// A member's text, empty if it is absent.
    func text(_ name: String) -> String { self[name]?.text ?? "" }
}
