internal import Documents
package import Foundation

/// What an API takes and gives, as far as `dr` uses it: methods, paths, parameters, members, status codes.
///
/// Kept as `fixtures/contracts/<system>.json`, written from the systems' documentation. It is held against every
/// request that `dr` sends to a stand-in, and against every answer that the stand-in gives, so that neither can drift
/// into a dialect that only the two of them speak.
///
/// ```json
/// {"operations": [
///   {"method": "GET", "path": "/api/orgs/{id}/users", "query": {"page": "integer"},
///    "answers": {"200": [{"userId": "integer", "login": "string", "email?": "string"}], "4xx": {"message": "string"}}},
///   {"method": "POST", "path": "/api/orgs", "body": {"name": "string"}, "answers": {"200": {"orgId": "any"}}}]}
/// ```
///
/// A shape is the name of a type (`string`, `integer`, `number`, `boolean`, `object`, `array`, `any`, `text` for a body
/// that is no JSON, `none` for an empty one; `a|b` for either, `null` included), an object of shapes (members must be
/// there unless their name ends in `?`; others may be), or an array of one shape. Parameters that are not listed are
/// violations; so are status codes, where neither they nor their class (`4xx`) are listed.
package struct APIContract: Sendable {
    package struct Operation: Sendable {
        package var method: String
        package var path: String
        var query: [String: JSONValue]
        var body: JSONValue?
        var answers: [String: JSONValue]
        fileprivate var segments: [Substring]

        package var name: String { "\(method) \(path)" }
    }

    package let operations: [Operation]

    package init(contentsOf file: URL) throws {
        let root = try JSONValue(parsing: [UInt8](try Data(contentsOf: file)))
        guard let list = root["operations"]?.array else { throw LabError("'\(file.path)' lists no operations") }
        operations = try list.map { entry in
            guard let method = entry["method"]?.text, let path = entry["path"]?.text,
                let answers = entry["answers"]?.object
            else { throw LabError("'\(file.path)': an operation lacks method, path or answers") }
            return Operation(
                method: method, path: path, query: entry["query"]?.object ?? [:], body: entry["body"],
                answers: answers, segments: path.split(separator: "/"))
        }
    }

    /// The operation that a request means: a literal segment counts more than a parameter.
    /// - Parameter path: as sent, percent-encoded.
    package func operation(_ method: String, _ path: String) -> Operation? {
        let segments = path.split(separator: "/")
        func fits(_ operation: Operation) -> Bool {
            operation.method == method && operation.segments.count == segments.count
                && zip(operation.segments, segments).allSatisfy { $0 == $1 || $0.first == "{" }
        }
        return operations.filter(fits).min { first, second in
            first.segments.count { $0.first == "{" } < second.segments.count { $0.first == "{" }
        }
    }

    /// What is wrong with a request; empty when nothing is.
    package func violations(_ request: StandInRequest) -> [String] {
        guard let operation = operation(request.method, request.path) else {
            return ["\(request.method) \(request.path) is not in the contract"]
        }
        var violations = request.query.flatMap { name, value -> [String] in
            guard let shape = operation.query[name] else { return ["unknown parameter '\(name)'"] }
            let isNumber = Int(value) != nil
            return shape.text == "integer" && !isNumber ? ["parameter '\(name)' is '\(value)', no integer"] : []
        }
        if let shape = operation.body { violations += Self.check(request.body, shape, "body") }
        return violations.map { "\(operation.name): \($0)" }
    }

    /// What is wrong with the answer to a request of an operation that is in the contract.
    package func violations(_ answer: StandInAnswer, to request: StandInRequest) -> [String] {
        guard let operation = operation(request.method, request.path) else { return [] }
        guard let shape = operation.answers["\(answer.status)"] ?? operation.answers["\(answer.status / 100)xx"] else {
            return ["\(operation.name): status \(answer.status) is not in the contract"]
        }
        return Self.check(answer.body, shape, "answer").map { "\(operation.name) \(answer.status): \($0)" }
    }

    // MARK: Shapes

    private static func check(_ bytes: [UInt8], _ shape: JSONValue, _ place: String) -> [String] {
        switch shape.text {
        case "text", "any": return []
        case "none": return bytes.isEmpty ? [] : ["\(place) should be empty"]
        default: break
        }
        do {
            return check(try JSONValue(parsing: bytes), shape, place)
        } catch { return ["\(place): \(error)"] }
    }

    private static func check(_ value: JSONValue, _ shape: JSONValue, _ place: String) -> [String] {
        switch shape {
        case .string(let types):
            let isOne = types.split(separator: "|").contains { isOf($0, value) }
            return isOne ? [] : ["\(place) should be \(types)"]
        case .array(let element):
            guard let values = value.array else { return ["\(place) should be an array"] }
            guard let element = element.first else { return [] }
            return values.enumerated().flatMap { check($0.element, element, "\(place)[\($0.offset)]") }
        case .object(let members):
            guard let present = value.object else { return ["\(place) should be an object"] }
            return members.sorted { $0.key < $1.key }.flatMap { key, shape -> [String] in
                let isOptional = key.hasSuffix("?")
                let name = isOptional ? String(key.dropLast()) : key
                guard let member = present[name] else { return isOptional ? [] : ["\(place) lacks '\(name)'"] }
                return check(member, shape, "\(place).\(name)")
            }
        default: return ["\(place): the contract has no shape there"]
        }
    }

    private static func isOf(_ type: Substring, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("any", _), ("string", .string), ("number", .number), ("boolean", .bool), ("object", .object),
            ("array", .array), ("null", .null):
            true
        case ("integer", .number(let text)): Int(text) != nil || UInt64(text) != nil
        default: false
        }
    }
}
