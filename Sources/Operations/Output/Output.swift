package import FoundationEssentials
import Platform

/// The output of a command: results on standard output, everything else on standard error.
package struct Output {
    package let options: OutputOptions

    package init(options: OutputOptions) { self.options = options }

    /// Prints a command's result as one JSON document or as text.
    /// - Throws: `StandardOutputError`.
    package func result(_ value: some Encodable, _ text: () -> String) throws {
        if options.json {
            try StandardOutput.write(exactly: try Self.json(value) + "\n")
        } else {
            try StandardOutput.write(text() + "\n")
        }
    }

    /// Prints a warning.
    package func warn(_ text: String) { StandardError.write("dr: warning: \(text)\n") }

    package func note(_ text: String) {
        guard !options.quiet else { return }
        StandardError.write("\(text)\n")
    }

    /// Writes a requested picture or page.
    /// - Throws: `FileError`.
    package func write(_ text: String, to file: String) throws {
        try OutputFile.write(Array(text.utf8), to: file, links: .follow)
        note("wrote \(file.printable)")
    }

    /// JSON with the exact values, with escapes for characters that control a terminal.
    package static func json(
        _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting = .prettyPrinted
    ) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, formatting]
        return String(decoding: try encoder.encode(value), as: UTF8.self).jsonForTerminals
    }
}
