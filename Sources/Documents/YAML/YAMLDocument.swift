internal import FoundationEssentials
internal import Platform

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
        let bytes: [UInt8]
        do {
            bytes = try InputFile.head(of: path, upTo: YAMLLimits.longestFile + 1)
        } catch {
            throw DocumentError(file: path, "cannot be read: \(FileFailure.text(error))")
        }
        try Self.checkLength(bytes.count, of: path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
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
        do throws(YAMLError) {
            root = try YAMLComposer.document(text)
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
    private static func diagnostic(of error: YAMLError, file: String) -> Diagnostic {
        let location = error.mark.map { Location(file: file, line: $0.line, column: $0.column) } ?? Location(file: file)
        guard error.repeatedKeys.isEmpty else {
            let keys = error.repeatedKeys.map { "'\($0)'" }.joined(separator: ", ")
            return Diagnostic(location, "given more than once in one mapping: \(keys)")
        }
        return Diagnostic(location, "not valid YAML: \(error.problem)")
    }
}

extension Reader {
    /// All errors so far, in the order of the file.
    package var error: DocumentError {
        DocumentError(
            diagnostics.sorted { ($0.location.line, $0.location.column) < ($1.location.line, $1.location.column) })
    }
}
