internal import Cryptography
internal import FoundationEssentials
internal import Mustache

/// Evidence in all output formats. The same evidence always yields the same bytes.
package struct Report: Sendable {
    package enum Format: String, CaseIterable, Sendable {
        case json, html
        case markdown = "md"
        case junit = "xml"
    }

    package let evidence: Evidence
    /// The source of truth: canonical JSON.
    package let document: [UInt8]
    /// The SHA-256 of the document, in hexadecimal.
    package let digest: String

    package init(_ evidence: Evidence) throws {
        self.evidence = evidence
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        document = [UInt8](try encoder.encode(evidence)) + [UInt8(ascii: "\n")]
        digest = Digest(of: document).hex
    }

    package func rendered(as format: Format) throws -> [UInt8] {
        if format == .json { return document }
        let template =
            switch format {
            case .markdown: try MustacheTemplate(MarkdownTemplate.text, escape: Self.markdownCell)
            case .junit: try MustacheTemplate(JUnitTemplate.text, escape: MustacheTemplate.html)
            case .html, .json: try MustacheTemplate(HTMLTemplate.text, escape: MustacheTemplate.html)
            }
        return [UInt8](template.render(ReportView(evidence, digest: digest)).utf8)
    }

    /// Escapes text for Markdown tables and lists: on one line, without characters that end a cell or begin a tag.
    private static let markdownCell: MustacheTemplate.Escape = { text in
        var escaped = ""
        for character in text {
            switch character {
            case "|", "`", "*", "_", "\\", "[", "]": escaped += "\\\(character)"
            case "<": escaped += "&lt;"
            case _ where character.isNewline: escaped += " "
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
