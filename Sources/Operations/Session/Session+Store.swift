import BackupRepository
package import Components
package import Cryptography
import FoundationEssentials
import Platform
package import StackConfiguration

/// A session on a machine that has the address of the store, and no configuration.
extension Session {
    /// Opens the repository to find the stack that it belongs to.
    /// - Parameters:
    ///   - stack: nil for the stack of the newest set.
    ///   - trust: the fingerprints of the certificates whose signatures count; empty: signatures are not checked.
    package static func withoutConfiguration(
        _ options: OutputOptions, store: StoreLocation, stack: String?, trust: [Digest], recoveryKey: String?,
        passphrases: Passphrases, kinds: [any ComponentKind.Type]
    ) async throws -> Session {
        var configuration = Configuration()
        configuration.store.url = store
        configuration.stack = stack ?? ""
        let file = URL(filePath: FileManager.default.currentDirectoryPath).appending(path: "dr.yaml").path
        var session = Session(
            options, file: file, configuration, kinds: kinds, pool: BlockingPool(threads: 16))
        session.isWithoutConfiguration = true
        session.trust = trust
        session.recoveryKey = recoveryKey
        session.passphrases = passphrases
        let output = Output(options: options)
        if trust.isEmpty {
            output.warn(
                "nothing proves who made the backup sets in \(store): no trusted signer is known\n"
                    + "hint: add --trust FINGERPRINT, with the fingerprint from the recovery kit")
        }
        if stack == nil { session.configuration.stack = try await session.newestStack(output) ?? "" }
        return session
    }

    /// The stack of the newest set; nil if there is none, or if the set records none.
    private func newestStack(_ output: Output) async throws -> String? {
        let repository = try await repository()
        let now = self.now()
        let newest = try await pool.run { try repository.newestSet(now: now).set }
        guard let stack = newest?.stack else { return nil }
        output.note("stack '\(stack.printable)' (of the newest backup set)")
        return stack
    }
}
