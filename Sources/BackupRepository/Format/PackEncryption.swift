package import Cryptography

/// The keys of the packs: certificates to encrypt to, and for a restore the key to decrypt with.
///
/// A machine that makes backups needs only certificates. Documents stay readable: they hold names and hashes.
package struct PackEncryption: Sendable {
    /// Each can decrypt alone; empty for unencrypted packs.
    package var recipients: [RecoveryCertificate]
    package var key: RecoveryKey?

    package init(recipients: [RecoveryCertificate] = [], key: RecoveryKey? = nil) {
        self.recipients = recipients
        self.key = key
    }
}
