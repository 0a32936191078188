internal import Documents

/// Whether two values mean the same to Grafana.
enum Likeness {
    /// For what Grafana keeps as it is given: dashboards, settings of data sources. A member that is null is as good
    /// as absent, and numbers are compared by value, since a server may write `1.0` as `1`.
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

    /// For members whose absence means their zero value: absent, null, false, "", [] and {} are one.
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

    /// A `Double` tells whole numbers up to 15 digits apart; longer ones only their texts do.
    private static func areEqual(_ first: String, _ second: String) -> Bool {
        guard first.utf8.count <= 15, second.utf8.count <= 15, let first = Double(first), let second = Double(second)
        else { return false }
        return first == second
    }
}

extension JSONValue {
    /// The members of these names, where there are any.
    func keeping(_ names: [String]) -> JSONValue {
        guard let members = object else { return self }
        return .object(members.filter { names.contains($0.key) })
    }

    /// This object with the members of another, which win.
    func merging(_ other: JSONValue) -> JSONValue {
        guard let members = object, let others = other.object else { return other }
        return .object(members.merging(others) { $1 })
    }

    /// A member's text, empty where there is none.
    func text(_ name: String) -> String { self[name]?.text ?? "" }
}
