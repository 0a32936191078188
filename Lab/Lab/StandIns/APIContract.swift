internal import Documents
package import Foundation

/// The part of an API that `dr` uses: methods, paths, parameters, members, status codes.
///
/// The contracts are in `fixtures/contracts/<system>.json`, written from the systems' documentation. Each request of
/// `dr` to a stand-in and each response of the stand-in is validated, so that the two cannot agree on a wrong API.
///
/// ```json
/// {"operations": [
///   {"method": "GET", "path": "/api/orgs/{id}/users", "query": {"page": "integer"},
///    "answers": {"200": [{"userId": "integer", "login": "string", "email?": "string"}], "4xx": {"message": "string"}}},
///   {"method": "POST", "path": "/api/orgs", "body": {"name": "string"}, "answers": {"200": {"orgId": "any"}}}]}
/// ```
///
/// A shape is the name of a type (`string`, `integer`, `number`, `boolean`, `object`, `array`, `any`, `text` for a body
/// that is not JSON, `none` for an empty one; `a|b` for alternatives, including `null`), an object of shapes (members
/// are required unless their name ends in `?`; other members are allowed), or an array of one shape. Unlisted
/// parameters are violations, and so are status codes if neither they nor their class (`4xx`) are listed.
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

    /// Returns the operation of a request. Literal segments take precedence over parameters.
    /// - Parameter path: the path as sent, percent-encoded.
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

    /// Returns the violations of a request; empty if it is valid.
    package func violations(_ request: StandInRequest) -> [String] {
        guard let operation = operation(request.method, request.path) else {
            return ["\(request.method) \(request.path) is not in the contract"]
        }
        var violations = request.query.flatMap { name, value -> [String] in
            guard let shape = operation.query[name] else { return ["unknown parameter '\(name)'"] }
            let isNumber = Int(value) != nil
            return shape.text == "integer" && !isNumber ? ["parameter '\(name)' is '\(value)', not an integer"] : []
        }
        if let shape = operation.body { violations += Self.check(request.body, shape, "body") }
        return violations.map { "\(operation.name): \($0)" }
    }

    /// Returns the violations of the response to a request.
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
        default: return ["\(place): the contract has an invalid shape"]
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
