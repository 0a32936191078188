import BackupRepository
import Platform
import StackConfiguration

extension Session {
    /// Bytes of one full backup, before compression: of each component, its newest whole backup.
    /// - Parameter limit: the longest wait for the store.
    /// - Returns: nil if there is no backup yet.
    /// - Throws: the reason why the store cannot be read; `CancellationError`.
    package func newestBackupBytes(within limit: Duration) async throws -> Int? {
        try await TimeBound.run(limit) { [self] in
            let selection = try await repository().latest(
                of: Set(configuration.components.map(\.name)), now: now(), provesManifests: false, pool: pool)
            return selection.parts.isEmpty ? nil : selection.components.values.lazy.map(\.bytes).clampedSum()
        }
    }
}
