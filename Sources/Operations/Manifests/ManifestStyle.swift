import FoundationEssentials

/// Writes settings into manifests: as values, or as the expressions of a Helm chart. Both come from one text, so they
/// cannot differ.
struct ManifestStyle {
    let settings: ClusterSettings
    /// True for the templates of a Helm chart.
    let isChart: Bool

    /// A string: the value, or the chart's expression for it.
    func text(_ value: String, _ expression: String) -> String {
        isChart ? "{{ \(expression) | quote }}" : Self.quoted(value)
    }

    /// The namespace of dr.
    var namespace: String { text(settings.namespace, "$.Release.Namespace") }

    /// The name of an object that lies outside of dr's namespace. It begins with the namespace, so that several
    /// installations do not share it.
    func outerName(_ suffix: String) -> String {
        text("\(settings.namespace)-\(suffix)", "printf \"%s-\(suffix)\" $.Release.Namespace")
    }

    /// Lines that depend on a setting.
    func when(_ isOn: Bool, _ expression: String, lines: @autoclosure () -> String) -> String? {
        if isChart { return "{{- if \(expression) }}\n\(lines())\n{{- end }}" }
        return isOn ? lines() : nil
    }

    /// Lines for each value of a list.
    /// - Parameter lines: takes the value in its written form.
    func each(_ values: [String], _ expression: String, lines: (String) -> String) -> String? {
        if isChart { return "{{- range $item := \(expression) }}\n\(lines("{{ $item | quote }}"))\n{{- end }}" }
        return values.isEmpty ? nil : values.map { lines(Self.quoted($0)) }.joined(separator: "\n")
    }

    /// A mapping or list at a key: the fixed lines, or the chart's value.
    /// - Parameters:
    ///   - lines: relative to the key.
    ///   - indent: the indentation of the chart's lines in the document.
    func block(_ key: String, _ lines: String, expression: String, indent: Int) -> String {
        isChart ? "\(key): {{- toYaml \(expression) | nindent \(indent) }}" : "\(key):\n\(lines)"
    }

    /// A JSON string, which is also valid YAML.
    static func quoted(_ text: String) -> String {
        let data = (try? JSONEncoder.plain.encode(text)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }

    /// Joins the parts of a document; nil parts do not exist.
    static func lines(_ parts: [String?]) -> String { parts.compactMap { $0 }.joined(separator: "\n") }
}

extension JSONEncoder {
    fileprivate static var plain: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }
}

extension String {
    /// The text with spaces before each line that is not empty.
    func indented(by count: Int) -> String {
        split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : String(repeating: " ", count: count) + $0 }.joined(separator: "\n")
    }
}
