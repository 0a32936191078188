package import Foundation
import Platform

/// Where results and remarks go: results to standard output, everything else to standard error.
package struct Output {
    package let options: OutputOptions

    package init(options: OutputOptions) { self.options = options }

    /// Prints a command's result: as one JSON document, or as text for people.
    /// - Throws: `StandardOutputError`.
    package func result(_ value: some Encodable, _ text: () -> String) throws {
        if options.json {
            try StandardOutput.write(exactly: try Self.json(value) + "\n")
        } else {
            try StandardOutput.write(text() + "\n")
        }
    }

    /// Something that a person should know; not an error.
    package func warn(_ text: String) { StandardError.write("dr: warning: \(text)\n") }

    package func note(_ text: String) {
        guard !options.quiet else { return }
        StandardError.write("\(text)\n")
    }

    /// Writes a picture or a page that was asked for beside the result.
    /// - Throws: `FileError`.
    package func write(_ text: String, to file: String) throws {
        try OutputFile.write(Array(text.utf8), to: file, links: .follow)
        note("wrote \(file.printable)")
    }

    /// JSON with the exact values, in which no character acts on a terminal.
    package static func json(
        _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting = .prettyPrinted
    ) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, formatting]
        return String(decoding: try encoder.encode(value), as: UTF8.self).jsonForTerminals
    }
}
