/// Removes literal secrets from a YAML document, so that a copy of it can be stored.
///
/// References to secrets, such as `{env: NAME}`, stay. Comments are removed with their possible secrets. A removed value
/// is replaced by a marker with the place that it came from; URLs lose user names and passwords.
package struct SecretRemoval {
    /// The text that stands in the place of a removed secret.
    package static let marker = "removed-by-dr"

    /// The paths of the keys whose values changed, such as `drill.parameters.token`.
    package private(set) var removed: [String] = []
    private let file: String
    /// The values of environment variables that the document refers to, which must not be in it as text.
    private let known: [String]

    /// Returns the text of a document without its literal secrets.
    /// - Parameter environment: the values of the variables that the document refers to.
    /// - Throws: `DocumentError` if the document cannot be written in YAML without a change of its meaning.
    package static func text(
        of document: YAMLDocument, environment: [String: String]
    ) throws(DocumentError) -> (text: String, removed: [String]) {
        let names = SecretUse.all(in: document.root).compactMap { use in
            if case .environment(let name) = use.source { name } else { nil }
        }
        // A short value would also match innocent words.
        let known = Set(names).compactMap { environment[$0] }.filter { $0.utf8.count >= 8 }
        var removal = Self(file: document.file, known: known)
        let node = removal.clean(document.root, path: [])
        guard let text = YAMLEmitter.text(of: node),
            let again = try? YAMLComposer.document(text), again == node
        else { throw DocumentError(file: document.file, "it cannot be stored without its comments") }
        return (text, removal.removed)
    }

    private init(file: String, known: [String]) {
        self.file = file
        self.known = known
    }

    private mutating func clean(_ node: YAMLNode, path: [String]) -> YAMLNode {
        switch node {
        case .mapping(let mapping):
            // A reference to a secret, whose name or path is not secret.
            guard SecretUse(node, path: "") == nil else { return node }
            let pairs = mapping.map { key, value in
                (key, clean(value, path: path + [key.scalar?.string ?? ""]))
            }
            return .mapping(YAMLNode.Mapping(pairs, mapping.tag, mapping.style))
        case .sequence(let sequence):
            var elements: [YAMLNode] = []
            var isAfterSecretOption = false
            for element in sequence {
                // `--password VALUE` of a program.
                let option = element.scalar?.string ?? ""
                elements.append(
                    isAfterSecretOption && element.scalar != nil && !option.hasPrefix("-")
                        ? replaced(element, path: path) : clean(element, path: path))
                isAfterSecretOption = option.hasPrefix("-") && Self.isSecretName(option)
            }
            return .sequence(YAMLNode.Sequence(elements, sequence.tag, sequence.style))
        case .scalar(let scalar):
            if node.isNull || node.bool != nil { return node }
            let name = path.last == "value" ? path.dropLast().last : path.last
            // `${name}` is a reference to a parameter.
            if let name, Self.isSecretName(name), !scalar.string.isEmpty, !scalar.string.hasPrefix("${") {
                return replaced(node, path: path)
            }
            let text = cleanText(scalar.string)
            guard text != scalar.string else { return node }
            note(path.joined(separator: "."))
            return .scalar(YAMLNode.Scalar(text, .str, .doubleQuoted))
        }
    }

    private mutating func replaced(_ node: YAMLNode, path: [String]) -> YAMLNode {
        let place = path.joined(separator: ".")
        note(place)
        return .scalar(YAMLNode.Scalar("\(Self.marker): \(place) of \(file)", .str, .doubleQuoted))
    }

    /// Records a changed value, once for all elements of a list.
    private mutating func note(_ place: String) {
        if removed.last != place { removed.append(place) }
    }

    // MARK: Names and texts

    /// True for a name such as `admin_password`, `--api-key` or `X-Auth-Token`.
    private static func isSecretName(_ name: String) -> Bool {
        let word = name.lowercased().replacing("-", with: "_")
        return [
            "password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "private_key", "access_key",
            "credential", "credentials", "authorization", "cookie",
        ].contains { word == $0 || word.hasSuffix("_\($0)") }
    }

    private func cleanText(_ text: String) -> String {
        var text = text
        for value in known { text = text.replacing(value, with: Self.marker) }
        text = text.replacing(/([A-Za-z][A-Za-z0-9+.\-]*):\/\/([^\/?#@\s"']*)@/) { match in
            let user = match.2.split(separator: ":", omittingEmptySubsequences: false).first ?? ""
            // ssh needs the user's name; in other schemes it may be a token.
            return match.1.lowercased().contains("ssh") && !user.isEmpty
                ? "\(match.1)://\(user)@" : "\(match.1)://"
        }
        text = text.replacing(
            /(?i)((?:password|passwd|passphrase|secret|token|api[_\-]?key|access[_\-]?key|signature|sig)\s*=\s*)[^\s&"'$]+/
        ) { "\($0.1)\(Self.marker)" }
        text = text.replacing(/(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+\/\-]{8,}=*/) { "\($0.1)\(Self.marker)" }
        // Tokens by the prefixes of several services.
        text = text.replacing(
            /\b(?:AKIA[0-9A-Z]{16}|gh[oprsu]_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_\-]{20,}|gls?[ac]_[A-Za-z0-9_]{20,}|xox[abprs]-[A-Za-z0-9\-]{10,})/,
            with: Self.marker)
        return text.replacing(
            /(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/, with: Self.marker)
    }
}
