internal import Documents

/// One condition on a label of an alert, as a silence or a route has it.
package struct Matcher: Hashable, Sendable, CustomStringConvertible {
    package var name: String
    package var value: String
    package var isRegex: Bool
    package var isEqual: Bool

    package init(_ name: String, _ value: String, isRegex: Bool = false, isEqual: Bool = true) {
        self.name = name
        self.value = value
        self.isRegex = isRegex
        self.isEqual = isEqual
    }

    /// Reads one from the API, version 2. `isEqual` is absent before Alertmanager 0.22, which has no negative matchers.
    init?(_ value: JSONValue) {
        guard let name = value["name"]?.text, let text = value["value"]?.text, let isRegex = value["isRegex"]?.bool
        else { return nil }
        self.init(name, text, isRegex: isRegex, isEqual: value["isEqual"]?.bool ?? true)
    }

    var json: JSONValue {
        [
            "name": .string(name), "value": .string(value), "isRegex": .bool(isRegex), "isEqual": .bool(isEqual),
        ]
    }

    /// As Alertmanager writes it: `job=~"node.*"`.
    package var description: String {
        let sign = isRegex ? (isEqual ? "=~" : "!~") : (isEqual ? "=" : "!=")
        return "\(name)\(sign)\(String(decoding: JSONValue.string(value).compact, as: UTF8.self))"
    }
}
