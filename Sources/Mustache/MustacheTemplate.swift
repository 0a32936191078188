/// A template without logic: <https://mustache.github.io/mustache.5.html>, without lambdas and inheritance.
///
/// Values are Swift structs, dictionaries with text as keys, arrays, texts, numbers and truth values. A name that
/// nothing has, and nil, give no text.
package struct MustacheTemplate: Sendable {
    /// Makes a text safe in the language of the template.
    package typealias Escape = @Sendable (String) -> String

    let nodes: [MustacheNode]
    let source: String
    let escape: Escape

    /// - Parameter escape: applies to `{{name}}` and not to `{{{name}}}`.
    /// - Throws: ``MustacheError`` if the tags of the text do not fit together.
    package init(_ source: String, escape: @escaping Escape) throws(MustacheError) {
        self.source = source
        self.escape = escape
        var parser = MustacheParser(source)
        nodes = try parser.parse()
    }

    /// Fills the template.
    /// - Parameter partials: the templates that `{{>name}}` and `{{<name}}` refer to.
    package func render(_ value: Any, partials: [String: MustacheTemplate] = [:]) -> String {
        var renderer = MustacheRenderer(partials: partials, escape: escape)
        renderer.render(nodes, among: [value])
        return renderer.output
    }

    /// The same template with spaces before each of its lines.
    func indented(by indentation: String) -> MustacheTemplate? {
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let text = lines.enumerated().map { index, line in
            line.isEmpty && index == lines.count - 1 ? "" : indentation + line
        }
        return try? MustacheTemplate(text.joined(separator: "\n"), escape: escape)
    }
}

/// The reason why a text is not a template.
package struct MustacheError: Error, Equatable, CustomStringConvertible {
    /// From 1.
    package var line: Int
    package var problem: String

    package var description: String { "line \(line): \(problem)" }
}

/// A part of a parsed template.
indirect enum MustacheNode: Sendable {
    case text(String)
    case value(name: [String], isEscaped: Bool)
    case section(name: [String], content: [MustacheNode])
    case inverted(name: [String], content: [MustacheNode])
    case partial(name: String, indentation: String)
}
