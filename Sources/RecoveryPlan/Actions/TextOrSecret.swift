package import Documents

/// A plain text in a plan, or a reference to a secret outside the plan.
package enum TextOrSecret: Equatable, Sendable {
    case text(String)
    case secret(Secret)

    /// Returns the text, or reads the secret.
    /// - Throws: ``ActionError`` if the secret cannot be read.
    func resolve(in context: ActionContext, for operation: String) throws(ActionError) -> String {
        switch self {
        case .text(let text): return text
        case .secret(let secret):
            do throws(DocumentError) {
                return try secret.resolve(environment: context.environment)
            } catch {
                let complaint = error.diagnostics.first
                throw ActionError(
                    .hopeless, operation: operation, complaint?.message ?? "\(error)", hint: complaint?.hint)
            }
        }
    }

    var isSecret: Bool { if case .secret = self { true } else { false } }
}

extension TextOrSecret: CustomStringConvertible {
    /// The text for display; of a secret, only its location.
    package var description: String {
        switch self {
        case .text(let text): text
        case .secret(let secret): "(\(secret))"
        }
    }
}

extension Shape where Value == TextOrSecret {
    /// `text`, `{env: NAME}` or `{file: PATH}`.
    static let textOrSecret = Shape(schema: ["oneOf": [Shape<String>.word.schema, Shape<Secret>.secret.schema]]) {
        node, reader in
        if node.mapping != nil { return Shape<Secret>.secret.read(node, &reader).map { .secret($0) } }
        return Shape<String>.argument.read(node, &reader).map { .text($0) }
    }
}

/// Replaces secrets in the output of programs and servers, which may repeat them.
struct Redaction {
    private let secrets: [String]

    init(_ secrets: [String]) { self.secrets = secrets.filter { $0.count > 3 } }

    func callAsFunction(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "***") }
    }
}
