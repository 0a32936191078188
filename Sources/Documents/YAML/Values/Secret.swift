internal import FoundationEssentials
internal import Platform

/// A value that must not be in a configuration file: only the reference to its place at run time.
///
/// The description of a secret is that place. The value exists only as the result of ``resolve(environment:)``.
package struct Secret: Hashable, Sendable, CustomStringConvertible {
    package enum Source: Hashable, Sendable {
        case environment(String)
        /// A file, by its absolute path.
        case file(String)
        /// A program with its arguments; the first line of its output is the value.
        case command([String])
    }

    package var source: Source
    /// The place in `dr.yaml` that refers to it.
    package var location: Location

    package init(_ source: Source, location: Location) {
        self.source = source
        self.location = location
    }

    package var description: String {
        switch source {
        case .environment(let name): "environment variable '\(name)'"
        case .file(let path): "file '\(path)'"
        case .command(let words): "command '\(words.first ?? "")'"
        }
    }

    /// A longer file is not a secret, but another file named by mistake.
    private static let sizeLimit = 64 << 10

    /// The time after which a command that prints a secret is stopped; its user may have to unlock a password store.
    private static let timeLimit = Duration.seconds(120)

    /// The variables, beside the common ones, that a password store may need.
    private static let storeVariables = ["GNUPGHOME", "GPG_TTY", "PASSWORD_STORE_", "VAULT_", "OP_"]

    /// Returns the current value: the variable's, the file's text without the line end that editors add, or the first
    /// line that the command prints. Blocks while the command runs.
    /// - Throws: `DocumentError` if it is absent, empty, or not text, or if its command fails.
    package func resolve(environment: [String: String]) throws(DocumentError) -> String {
        let value: String
        switch source {
        case .environment(let name):
            guard let found = environment[name] else {
                throw failure("is not set", hint: "export it in the shell, unit or job that runs dr")
            }
            value = found
        case .file(let path):
            value = try read(path)
        case .command(let words):
            value = try output(of: words, environment: environment)
        }
        guard !value.isEmpty else { throw failure("is empty") }
        return value
    }

    private func read(_ path: String) throws(DocumentError) -> String {
        if let complaint = FileTrust.complaint(about: path) {
            throw failure(complaint.message, hint: complaint.hint)
        }
        let bytes: [UInt8]
        do {
            bytes = try InputFile.head(of: path, upTo: Self.sizeLimit + 1)
        } catch {
            throw failure("cannot be read: \(FileFailure.text(error))")
        }
        guard bytes.count <= Self.sizeLimit, var text = String(validating: bytes, as: UTF8.self) else {
            throw failure("does not contain a secret: it is not text or is too long")
        }
        if text.last?.isNewline == true { text.removeLast() }
        return text
    }

    private func output(of words: [String], environment: [String: String]) throws(DocumentError) -> String {
        let program = Program(
            words.first ?? "", Array(words.dropFirst()),
            environment: InheritedEnvironment.selected(from: environment, prefixes: Self.storeVariables),
            timeout: Self.timeLimit)
        let (end, output): (ProgramEnd, String)
        do { (end, output) = try program.captured(limit: Self.sizeLimit) } catch {
            throw failure("failed: \((error as? ProgramError)?.detail ?? "\(error)")")
        }
        guard end.status == 0 else {
            let reason = end.errors.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
            throw failure("failed with exit code \(end.status)\(reason)")
        }
        return output.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    private func failure(_ message: String, hint: String? = nil) -> DocumentError {
        DocumentError([Diagnostic(location, "\(self) \(message)", hint: hint)])
    }
}
