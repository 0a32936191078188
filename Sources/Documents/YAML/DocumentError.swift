package import Platform

/// Everything that is wrong with a configuration or a plan, found in one pass.
package struct DocumentError: OperationError, Equatable {
    /// In the order of the file; never empty.
    package var diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    /// One complaint about a whole file.
    package init(file: String, _ message: String, hint: String? = nil) {
        self.init([Diagnostic(Location(file: file), message, hint: hint)])
    }

    package var reasonCode: String { "configuration" }
    package var place: ErrorPlace { ErrorPlace(object: diagnostics.first?.location.file, text: "") }

    /// All complaints. Each one of several keeps its hint with it.
    package var detail: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// One thing that is wrong, and where. Holds names and shapes, never the text of a secret.
package struct Diagnostic: Equatable, Sendable, CustomStringConvertible {
    package var location: Location
    package var message: String
    /// What to do about it, where the message does not say so already.
    package var hint: String?
    /// The name of what is referred to and is not there, where it need not be a mistake: another place may have it.
    package var absent: String?

    package init(_ location: Location, _ message: String, hint: String? = nil, absent: String? = nil) {
        self.location = location
        self.message = message
        self.hint = hint
        self.absent = absent
    }

    /// `dr.yaml:12:5: unknown key 'retentoin' (did you mean 'retention'?)`, as compilers write it: editors jump there.
    package var description: String { "\(location): \(message)\(hint.map { "\nhint: \($0)" } ?? "")" }
}

/// A place in a file.
package struct Location: Hashable, Sendable, CustomStringConvertible {
    /// The file's name as the user gave it.
    package var file: String
    /// Both from 1; 0 when the whole file is meant. Columns count Unicode scalars.
    package var line: Int
    package var column: Int

    package init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { line == 0 ? file : "\(file):\(line):\(column)" }
}
