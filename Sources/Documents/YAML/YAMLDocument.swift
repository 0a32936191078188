internal import Foundation
internal import Platform
internal import Yams

/// A YAML file that is composed but not yet converted to values: a ``Reader`` does that.
package struct YAMLDocument {
    /// The name of the file in messages.
    package var file: String
    /// The absolute path of the folder that relative paths in it start from.
    package var folder: String
    package var root: YAMLNode

    /// - Throws: `DocumentError` if the file cannot be read, is not YAML, or is empty.
    package init(reading path: String, emptyHint: String? = nil) throws(DocumentError) {
        let url = URL(filePath: path).absoluteURL
        let bytes: Data
        do {
            let file = try FileHandle(forReadingFrom: url)
            defer { try? file.close() }
            bytes = try file.read(upToCount: YAMLLimits.longestFile + 1) ?? Data()
        } catch {
            throw DocumentError(file: path, "cannot be read: \(FileFailure.text(error))")
        }
        try Self.checkLength(bytes.count, of: path)
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw DocumentError(file: path, "is not text in UTF-8")
        }
        try self.init(text, file: path, folder: url.deletingLastPathComponent().path, emptyHint: emptyHint)
    }

    /// - Parameters:
    ///   - file: the name of the text in messages.
    ///   - folder: absolute path that relative paths start from.
    ///   - emptyHint: the advice for an empty text.
    package init(_ text: String, file: String, folder: String, emptyHint: String? = nil) throws(DocumentError) {
        try Self.checkLength(text.utf8.count, of: file)
        let root: YAMLNode?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw DocumentError([Self.diagnostic(of: error, file: file)])
        }
        guard let root, !root.isNull else { throw DocumentError(file: file, "is empty", hint: emptyHint) }
        guard root.isWithinLimit else {
            throw DocumentError(file: file, "has more than \(YAMLLimits.mostNodes) values with its aliases replaced")
        }
        self.file = file
        self.folder = folder
        self.root = root
    }

    /// Refuses a file that is too long before it is parsed: the parser takes seconds for some megabytes.
    private static func checkLength(_ bytes: Int, of file: String) throws(DocumentError) {
        guard bytes > YAMLLimits.longestFile else { return }
        throw DocumentError(
            file: file, "is longer than \(YAMLLimits.longestFile >> 20) MiB, the limit of a configuration or plan")
    }

    /// Reads the whole document as one section.
    /// - Throws: `DocumentError` with all errors, in the order of the file.
    package func section<S: Section>(_ type: S.Type, also extra: [Key<S>] = []) throws(DocumentError) -> S {
        var reader = Reader(file: file, folder: folder)
        guard let section = reader.section(type, from: root, also: extra) else { throw reader.error }
        return section
    }

    /// Returns the message of the YAML parser without the text around it, which may contain secrets.
    private static func diagnostic(of error: any Error, file: String) -> Diagnostic {
        func at(_ mark: Mark) -> Location { Location(file: file, line: mark.line, column: mark.column) }
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _)?, .parser(_, let problem, let mark, _)?,
            .composer(_, let problem, let mark, _)?:
            return Diagnostic(at(mark), "not valid YAML: \(problem)")
        case .reader(let problem, _, _, _)?:
            return Diagnostic(Location(file: file), "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context)?:
            let keys = names.map { "'\($0)'" }.joined(separator: ", ")
            return Diagnostic(at(context.mark), "given more than once in one mapping: \(keys)")
        default:
            return Diagnostic(Location(file: file), "not valid YAML")
        }
    }
}

extension Reader {
    /// All errors so far, in the order of the file.
    package var error: DocumentError {
        DocumentError(
            diagnostics.sorted { ($0.location.line, $0.location.column) < ($1.location.line, $1.location.column) })
    }
}
