package import Cryptography
internal import FoundationEssentials
internal import Platform

/// The file with a machine's document keys: one a line, 64 hexadecimal digits, the one that encrypts first; empty lines
/// and lines that begin with `#` count for nothing.
package struct DocumentKeyFile: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// Returns the keys; empty if there is no file.
    /// - Throws: `RepositoryError` `.target` if the file cannot be read, or another user could have changed or read it.
    package func keys() throws -> [DocumentKey] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        if let complaint = FileTrust.complaint(about: path, .privateKey) {
            throw unusable(complaint.message, hint: complaint.hint)
        }
        let text: String
        do { text = try String(contentsOf: URL(filePath: path), encoding: .utf8) } catch {
            throw unusable(FileFailure.text(error))
        }
        return try text.split(separator: "\n").enumerated().compactMap { number, line in
            let word = line.trimmed
            if word.isEmpty || word.hasPrefix("#") { return nil }
            guard let key = DocumentKey(hex: word) else {
                throw unusable("its line \(number + 1) is not a key of 64 hexadecimal digits")
            }
            return key
        }
    }

    /// Writes the file anew, readable by this user only.
    package func write(_ keys: [DocumentKey]) throws {
        let text = """
            # Document keys of a backup repository. They open names and hashes of backups, but no contents.
            \(keys.map(\.hex).joined(separator: "\n"))

            """
        try OutputFile.write(Array(text.utf8), to: path, mode: 0o600, links: .refuse)
    }

    private func unusable(_ detail: String, hint: String? = nil) -> RepositoryError {
        RepositoryError(.target, object: path, "cannot use it as a file of document keys: \(detail)", hint: hint)
    }
}
