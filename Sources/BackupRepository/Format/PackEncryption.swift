package import Cryptography

/// Who can read the packs: certificates to write to, and on the day of a restore the key to read with.
///
/// A machine that makes backups needs certificates only. Documents stay readable: they hold names and hashes.
package struct PackEncryption: Sendable {
    /// Each can decrypt alone; empty for packs in the clear.
    package var recipients: [RecoveryCertificate]
    package var key: RecoveryKey?

    package init(recipients: [RecoveryCertificate] = [], key: RecoveryKey? = nil) {
        self.recipients = recipients
        self.key = key
    }
}
