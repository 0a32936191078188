package import Cryptography
package import ObjectStorage

/// The keys of a repository: certificates that packs and documents are encrypted to, and the keys that open them.
///
/// A machine that makes backups needs the certificates, and a document key to read the names and hashes of what it has
/// stored. That key opens no pack: the machine cannot read old backups.
package struct RepositoryEncryption: Sendable {
    /// Each can decrypt alone; empty for unencrypted packs.
    package var recipients: [RecoveryCertificate]
    package var key: RecoveryKey?
    /// Keys that open documents. The first one also encrypts.
    package var documentKeys: [DocumentKey] = []
    /// True to read unencrypted packs although there are recipients.
    package var allowsClear = false
    /// Another process that has the keys, for a part of a run that works without any; nil to use the keys above.
    package var delegate: (any EncryptionDelegate)?

    /// True if an unencrypted pack is refused: dr did not write it, and any user with write access could.
    package var refusesClear: Bool { !recipients.isEmpty && !allowsClear }

    /// The SHA-256 fingerprints of the recipients, in order; nil without recipients.
    package var fingerprints: [String]? {
        recipients.isEmpty ? nil : recipients.map(\.fingerprint.hex).sorted()
    }

    package init(recipients: [RecoveryCertificate] = [], key: RecoveryKey? = nil) {
        self.recipients = recipients
        self.key = key
    }
}

/// Another process that has the keys of a repository.
package protocol EncryptionDelegate: Sendable {
    /// Encrypts a document that this process is about to write.
    func seal(_ document: [UInt8], as key: ObjectKey) throws -> [UInt8]
    /// Decrypts a document that this process has read.
    func open(_ object: [UInt8], of key: ObjectKey) throws -> [UInt8]
    /// Reads and decrypts a pack, verifies it to its end, and passes on the bytes `range` of its content.
    func openPack(_ key: ObjectKey, range: Range<Int>, _ sink: (RawSpan) throws -> Void) throws
}

extension RepositoryEncryption {
    /// - Throws: `RepositoryError` `.notEncrypted` for an unencrypted pack where it is refused.
    func check(_ index: PackIndex) throws {
        guard refusesClear, !index.isEncrypted else { return }
        throw RepositoryError(
            .notEncrypted, object: index.key.text,
            "the pack is not encrypted, and dr.yaml has recipients: it is from before they were configured, or another user wrote it",
            hint: "restore a newer set; --allow-clear accepts it if you know that it is yours")
    }
}
