import BackupRepository
import Operations
import Platform
import StackConfiguration

extension Session {
    /// Compares the repository with the notes of this machine and with `dr.yaml`, which the folder of a drill does not
    /// have.
    /// - Returns: the findings that do not stop a drill, for its evidence.
    /// - Throws: `RepositoryError` `.otherRepository`, `.setRemoved` or `.damaged`.
    func knownHistory(acceptsOlder: Bool, recoveryKey: String?) async throws -> [String] {
        let repository = try await repository(recoveryKey: recoveryKey)
        let missing = try await missingSets(of: Set(configuration.components.map(\.name)), in: repository)
        if !acceptsOlder {
            try missing.refuseOlder()
            if let first = missing.manifests.first {
                throw RepositoryError(
                    .setRemoved, object: first,
                    "it is newer than the newest set, and its run committed a set that is gone",
                    hint: "look for it in the versions of the bucket; --accept-older drills the sets that are left")
            }
        }
        var findings = missing.lines
        let now = self.now()
        let newest = try await pool.run { try repository.newestSet(now: now).set }
        if let newest, let before = newest.recipients, let known = repository.encryption.fingerprints, before != known {
            findings.append(
                "set \(newest.name) is encrypted to other recipients (\(before.joined(separator: ", "))) than dr.yaml names"
            )
        }
        return findings
    }
}
