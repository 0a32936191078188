extension Shape where Value == String {
    /// Any text. A number or a truth value must be quoted, so that `0123` or `no` stays unchanged.
    package static let text = Shape.text(pattern: nil)

    package static func text(pattern: String?) -> Shape {
        Shape(schema: pattern.map { ["type": "string", "pattern": .string($0)] } ?? ["type": "string"]) {
            node, reader in
            guard let scalar = node.scalar, node.kindForPeople == "text" else {
                let hint = node.scalar != nil && !node.isNull ? "put it in quotes" : nil
                reader.complain(node, "expected text, found \(node.kindForPeople)", hint: hint)
                return nil
            }
            guard !scalar.string.isEmpty else {
                reader.complain(node, "expected text, found empty text")
                return nil
            }
            guard !scalar.string.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
                reader.complain(node, "expected one line of text, found line ends or control characters")
                return nil
            }
            return scalar.string
        }
    }

    /// A day in ISO 8601, with or without quotes.
    package static let date = Shape(schema: ["type": "string", "format": "date"]) { node, reader in
        guard let text = node.scalar?.string, text.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil else {
            reader.complain(node, "expected a date such as 2026-12-01, found \(node.kindForPeople)")
            return nil
        }
        return text
    }

    /// A path, which is made absolute from the configuration file's folder.
    package static let path = Shape(schema: ["type": "string"]) { node, reader in
        guard let path = text.read(node, &reader) else { return nil }
        guard !path.hasPrefix("~") else {
            reader.complain(
                node, "'~' is not expanded", hint: "write the path out, from '/' or from this file's folder")
            return nil
        }
        return absolute(path, in: reader.folder)
    }

    /// The base URL of a server.
    package static let httpURL = Shape(schema: ["type": "string", "pattern": "^https?://"]) { node, reader in
        guard let url = text.read(node, &reader) else { return nil }
        switch HTTPAddress.parse(url) {
        case .success(let address): return address
        case .failure(let refusal):
            reader.complain(node, "the URL \(refusal.reason)", hint: refusal.hint)
            return nil
        }
    }

    /// The base URL of a server of the stack, which may be in a Kubernetes cluster: see ``ClusterAddress``.
    package static let serverURL = Shape(schema: ["type": "string", "pattern": "^(https?|kube)://"]) { node, reader in
        guard let url = text.read(node, &reader) else { return nil }
        guard url.hasPrefix(ClusterAddress.scheme) else { return httpURL.read(node, &reader) }
        switch ClusterAddress.parse(url) {
        case .success(let address) where address.path.contains(where: { "?#".contains($0) }):
            reader.complain(node, "the URL has a query or fragment")
            return nil
        case .success:
            var trimmed = Substring(url)
            while trimmed.last == "/" { trimmed.removeLast() }
            return String(trimmed)
        case .failure(let refusal):
            reader.complain(node, "the URL \(refusal.reason)", hint: refusal.hint)
            return nil
        }
    }

    private static func absolute(_ path: String, in folder: String) -> String {
        let joined = path.hasPrefix("/") ? path : "\(folder)/\(path)"
        // Remove only "." and empty segments: the meaning of ".." depends on links, which the system resolves.
        let segments = joined.split(separator: "/").filter { $0 != "." }
        return "/" + segments.joined(separator: "/")
    }
}

extension Shape where Value == Bool {
    package static let flag = Shape(schema: ["type": "boolean"]) { node, reader in
        guard let value = node.bool else {
            reader.complain(node, "expected true or false, found \(node.kindForPeople)")
            return nil
        }
        return value
    }
}

extension Shape where Value == Int {
    /// A whole number.
    package static func count(_ range: ClosedRange<Int>) -> Shape {
        Shape(schema: [
            "type": "integer", "minimum": JSONValue(range.lowerBound), "maximum": JSONValue(range.upperBound),
        ]) { node, reader in
            guard let text = node.scalar?.string, let count = Int(text),
                node.kindForPeople == "a number" || node.isReplaced
            else {
                reader.complain(node, "expected a whole number, found \(node.kindForPeople)")
                return nil
            }
            guard range.contains(count) else {
                reader.complain(node, "\(count) is out of range: \(range.lowerBound) to \(range.upperBound)")
                return nil
            }
            return count
        }
    }

    /// A size in bytes.
    package static func size(_ range: ClosedRange<Int>, describedAs words: String) -> Shape {
        Shape(schema: ["type": ["string", "integer"], "description": .string(words)]) { node, reader in
            guard let scalar = node.scalar, let bytes = ByteCount.parse(scalar.string) else {
                reader.complain(node, "expected a size such as 8MiB, found \(node.kindForPeople)")
                return nil
            }
            guard range.contains(bytes) else {
                reader.complain(node, "'\(scalar.string)' is out of range: \(words)")
                return nil
            }
            return bytes
        }
    }
}

extension Shape where Value == Period {
    /// A time span above zero.
    package static let period = Shape(
        schema: [
            "type": "string", "pattern": "^([0-9]+y)?([0-9]+mo)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
        ]
    ) { node, reader in
        guard let text = node.scalar?.string, !text.isEmpty else {
            reader.complain(node, "expected a length of time such as 4h, found \(node.kindForPeople)")
            return nil
        }
        do {
            let period = try Period(text)
            guard period != Period() else {
                reader.complain(node, "'\(text)' must be more than zero")
                return nil
            }
            return period
        } catch {
            reader.complain(node, "'\(text)' \(error)")
            return nil
        }
    }
}

extension Shape where Value == Secret {
    /// `{env: NAME}`, `{file: PATH}` or `{command: [PROGRAM, ARGUMENT]}`; the value itself is refused and not repeated in the error.
    package static let secret = Shape(schema: SecretReference.oneOf) { node, reader in
        guard node.mapping != nil else {
            reader.complain(
                node, "this file must not contain secrets",
                hint: "use {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT]}, and change the secret")
            return nil
        }
        guard let reference = reader.section(SecretReference.self, from: node) else { return nil }
        return reference.source.map { Secret($0, location: reader.location(of: node)) }
    }
}

/// The mapping behind a ``Secret``.
private struct SecretReference: Section {
    var env: String?
    var file: String?
    var command: [String] = []

    static let keys: [Key<Self>] = [
        Key("env", \.env, as: .text, about: "Name of the environment variable that holds it."),
        Key("file", \.file, as: .path, about: "Path of the file that holds it."),
        Key(
            "command", \.command, as: .list(of: .text),
            about: "Program and arguments, without a shell; the first line that it prints is the secret."),
    ]

    static var oneOf: JSONValue {
        schema().adding(["minProperties": 1, "maxProperties": 1])
    }

    var source: Secret.Source? {
        env.map { .environment($0) } ?? file.map { .file($0) } ?? (command.isEmpty ? nil : .command(command))
    }

    func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if [env != nil, file != nil, !command.isEmpty].count(where: { $0 }) != 1 {
            reader.complain(written.section, "a secret needs one of 'env', 'file' and 'command'")
        }
        // The name is not repeated: an invalid name may be the secret itself in the wrong place.
        if let env, !env.isVariableName {
            reader.complain(written["env"], "'env' must name an environment variable: letters, digits and '_'")
        }
    }
}

extension String {
    fileprivate var isVariableName: Bool {
        first.map { $0 == "_" || ($0.isASCII && $0.isLetter) } == true
            && allSatisfy { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
    }
}

extension Shape where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of a fixed set of words.
    package static func word(_ type: Value.Type = Value.self) -> Shape {
        let words = Value.allCases.map(\.rawValue)
        return Shape(schema: ["enum": .array(words.map(JSONValue.string))]) { node, reader in
            guard let scalar = node.scalar, !node.isNull else {
                reader.complain(node, "expected one of \(words.joined(separator: ", ")), found \(node.kindForPeople)")
                return nil
            }
            guard let value = Value(rawValue: scalar.string) else {
                reader.complain(
                    node, "unknown value '\(scalar.string)'\(Spelling.advice(for: scalar.string, among: words))")
                return nil
            }
            return value
        }
    }
}

extension Shape {
    /// A mapping with its own keys.
    package static func section(_ type: Value.Type = Value.self) -> Shape where Value: Section {
        Shape(schema: Value.schema()) { node, reader in reader.section(Value.self, from: node) }
    }

    /// A mapping from names that the user chooses to values of one shape.
    package static func mapping<Element>(of element: Shape<Element>) -> Shape where Value == [String: Element] {
        Shape(schema: ["type": "object", "additionalProperties": element.schema]) { node, reader in
            guard let mapping = node.mapping else {
                reader.complain(node, "expected a mapping of names, found \(node.kindForPeople)")
                return nil
            }
            var values: [String: Element] = [:]
            var isGood = true
            for (key, value) in mapping {
                guard let name = key.scalar?.string, !name.isEmpty else {
                    reader.complain(key, "expected a name, found \(key.kindForPeople)")
                    isGood = false
                    continue
                }
                values[name] = element.read(value, &reader)
                isGood = isGood && values[name] != nil
            }
            return isGood ? values : nil
        }
    }

    /// A list, which is read to its end even if elements are wrong.
    package static func list<Element>(of element: Shape<Element>) -> Shape where Value == [Element] {
        Shape(schema: ["type": "array", "items": element.schema]) { node, reader in
            guard let sequence = node.sequence else {
                reader.complain(node, "expected a list, found \(node.kindForPeople)")
                return nil
            }
            let values = sequence.map { element.read($0, &reader) }
            let good = values.compactMap { $0 }
            return good.count == values.count ? good : nil
        }
    }
}
