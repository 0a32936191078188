package import Platform

/// All errors of a configuration or a plan, found in one pass.
package struct DocumentError: OperationError, Equatable {
    /// In the order of the file; never empty.
    package var diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    /// Makes an error about a whole file.
    package init(file: String, _ message: String, hint: String? = nil) {
        self.init([Diagnostic(Location(file: file), message, hint: hint)])
    }

    /// - Throws: ``DocumentError`` if other users could have written the file, or could read it although it holds a
    ///   private key.
    package static func refuseUntrusted(
        _ path: String, _ content: FileTrust.Content = .readable
    ) throws(DocumentError) {
        guard let complaint = FileTrust.complaint(about: path, content) else { return }
        throw DocumentError(file: path, complaint.message, hint: complaint.hint)
    }

    package var reasonCode: String { "configuration" }
    package var place: ErrorPlace { ErrorPlace(object: diagnostics.first?.location.file, text: "") }

    /// All diagnostics. If there are several, each one keeps its hint.
    package var detail: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// One error and its place. It contains names and shapes, never the text of a secret.
package struct Diagnostic: Equatable, Sendable, CustomStringConvertible {
    package var location: Location
    package var message: String
    /// The advice to the user, if the message does not contain it already.
    package var hint: String?
    /// The name of an object that is referred to and missing. It need not be a mistake: another place may define it.
    package var absent: String?

    package init(_ location: Location, _ message: String, hint: String? = nil, absent: String? = nil) {
        self.location = location
        self.message = message
        self.hint = hint
        self.absent = absent
    }

    /// The text in the format of compilers, which editors can jump to: `dr.yaml:12:5: unknown key 'retentoin' (did you
    /// mean 'retention'?)`.
    package var description: String { "\(location): \(message)\(hint.map { "\nhint: \($0)" } ?? "")" }
}

/// A place in a file.
package struct Location: Hashable, Sendable, CustomStringConvertible {
    /// The file's name as the user gave it.
    package var file: String
    /// The line and the column, both from 1; 0 for the whole file. Columns count Unicode scalars.
    package var line: Int
    package var column: Int

    package init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { line == 0 ? file : "\(file):\(line):\(column)" }
}
