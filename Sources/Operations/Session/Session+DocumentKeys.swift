package import BackupRepository
import Platform
import StackConfiguration

extension Session {
    /// The file with this machine's document keys of a repository; need not exist.
    package func documentKeyFile(of repository: Repository) -> DocumentKeyFile {
        configuration.store.documentKey.map(DocumentKeyFile.init)
            ?? StateFolder.documentKeyFile(of: repository.description, in: documentKeyFolder ?? stateFolder)
    }

    /// Returns the repository for a command that writes to it: with a document key where documents are encrypted. A
    /// machine without one makes it.
    package func writableRepository() async throws -> Repository {
        var repository = try await repository()
        guard !repository.encryption.recipients.isEmpty, repository.encryption.documentKeys.isEmpty else {
            return repository
        }
        _ = try state(of: repository)
        let key = try await pool.run { [repository] in
            let key = try repository.makeDocumentKey(now: now())
            try documentKeyFile(of: repository).write([key])
            return key
        }
        repository.encryption.documentKeys = [key]
        return repository
    }
}
