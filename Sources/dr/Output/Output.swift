import ArgumentParser
import Foundation

/// Where results and remarks go: results to standard output, everything else to standard error.
struct Output {
    let options: GlobalOptions

    /// Prints a command's result: as one JSON document, or as text for people.
    func result(_ value: some Encodable, _ text: () -> String) throws {
        print(options.json ? try Self.json(value) : text())
    }

    /// Something that a person should know; not an error.
    func warn(_ text: String) { StandardError.write("dr: warning: \(text)\n") }

    func note(_ text: String) {
        guard !options.quiet else { return }
        StandardError.write("\(text)\n")
    }

    /// Writes a picture or a page that was asked for beside the result.
    func write(_ text: String, to file: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: file), options: .atomic)
        } catch {
            throw ValidationError("'\(file)' cannot be written: \(error.localizedDescription)")
        }
        note("wrote \(file)")
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
