import Documents
import Foundation
import Lab
import Testing

@testable import Mustache

/// The published tests of the Mustache specification, version 1.4; lambdas, inheritance and dynamic names are not supported.
@Suite struct MustacheSpecTests {
    struct Example: CustomTestStringConvertible, Sendable {
        var name: String
        var document: JSONValue
        var testDescription: String { name }
    }

    static let modules = [
        "comments", "delimiters", "interpolation", "inverted", "partials", "sections",
    ]

    static let examples: [Example] = modules.flatMap { module -> [Example] in
        let url = Checkout.url("fixtures/mustache/\(module).json")
        guard let data = try? Data(contentsOf: url),
            let document = try? JSONValue(parsing: String(decoding: data, as: UTF8.self)),
            case .object(let members) = document, case .array(let tests)? = members["tests"]
        else { return [Example(name: "\(module) cannot be read", document: [:])] }
        return tests.map { Example(name: "\(module): \(text($0, "name") ?? "")", document: $0) }
    }

    @Test(arguments: examples) func `renders the specification's example`(_ example: Example) throws {
        guard case .object(let members) = example.document else { throw MissingExample() }
        var partials: [String: MustacheTemplate] = [:]
        if case .object(let sources)? = members["partials"] {
            for case (let name, .string(let source)) in sources {
                partials[name] = try MustacheTemplate(source, escape: MustacheTemplate.html)
            }
        }
        let source = try #require(Self.text(example.document, "template"))
        let expected = try #require(Self.text(example.document, "expected"))
        let template = try MustacheTemplate(source, escape: MustacheTemplate.html)
        let data = try #require(Self.plain(members["data"] ?? [:]))
        #expect(template.render(data, partials: partials) == expected)
    }

    private struct MissingExample: Error {}

    private static func text(_ value: JSONValue, _ key: String) -> String? {
        guard case .object(let members) = value, case .string(let text)? = members[key] else { return nil }
        return text
    }

    private static func plain(_ value: JSONValue) -> Any? {
        switch value {
        case .null: nil
        case .bool(let bool): bool
        case .number(let number): "\(number)"
        case .string(let text): text
        case .array(let elements): elements.map { plain($0) as Any }
        case .object(let members): members.mapValues { plain($0) as Any }
        }
    }
}
