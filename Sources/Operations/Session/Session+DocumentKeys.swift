package import BackupRepository
import Cryptography
import Platform
import StackConfiguration

extension Session {
    /// The file with this machine's document keys of a repository; need not exist.
    package func documentKeyFile(of repository: Repository) -> DocumentKeyFile {
        configuration.store.documentKey.map(DocumentKeyFile.init)
            ?? StateFolder.documentKeyFile(of: repository.description, in: documentKeyFolder ?? stateFolder)
    }

    /// Returns the repository for a command that writes to it, with a document key.
    package func writableRepository() async throws -> Repository {
        var repository = try await repository()
        try await giveDocumentKey(to: &repository)
        return repository
    }

    /// Gives a repository with recipients the document key of this machine. A machine without one makes it.
    func giveDocumentKey(to repository: inout Repository) async throws {
        guard !repository.encryption.recipients.isEmpty else { return }
        let file = documentKeyFile(of: repository)
        _ = try state(of: repository)
        repository.encryption.documentKeys = try await pool.run { [repository] in
            let known = try file.keys()
            if let key = known.first {
                // A recipient that was added later can then give the key to a machine as well.
                try repository.store(key, now: now())
                return known
            }
            let key = DocumentKey.generate()
            // The store first: a key that only this machine has would be lost with it.
            try repository.store(key, now: now())
            try file.write([key])
            return [key]
        }
    }

    /// The result of `dr key host`.
    package struct AdoptedKeys: Encodable, Sendable {
        package var file: String
        /// Keys that the file did not have.
        package var added: Int
        package var keys: Int
    }

    /// Adds the document keys of the repository, which the recovery key opens, to those of this machine. They only open
    /// documents: any user could have written them to the store. Its first key remains the one that encrypts.
    package func adoptDocumentKeys() async throws -> AdoptedKeys {
        let repository = try await writableRepository()
        let file = documentKeyFile(of: repository)
        return try await pool.run {
            let own =
                repository.encryption.documentKeys.isEmpty
                ? [DocumentKey.generate()] : repository.encryption.documentKeys
            let known = Set(own.map(\.hex))
            let others = try repository.storedDocumentKeys().filter { !known.contains($0.hex) }
            if !others.isEmpty { try file.write(own + others) }
            return AdoptedKeys(file: file.path, added: others.count, keys: own.count + others.count)
        }
    }
}
