internal import Cryptography
package import ObjectStorage

/// The encryption of documents: sets, manifests, indexes, and marks with names or queries. A document is encrypted as a
/// whole, after its seal, so that its SHA-256 and its signature are those of the object in the store.
extension RepositoryEncryption {
    /// True if this machine has a key that may open encrypted documents.
    var opensDocuments: Bool { !documentKeys.isEmpty || key != nil }

    /// Encrypts a document to the recipients and the document key; without recipients it stays as it is.
    /// - Throws: `RepositoryError` `.encrypted` if there are recipients and this machine has no document key.
    package func seal(_ document: [UInt8], as key: ObjectKey) throws -> [UInt8] {
        guard !recipients.isEmpty else { return document }
        if let delegate { return try delegate.seal(document, as: key) }
        guard let documentKey = documentKeys.first else {
            throw RepositoryError(
                .encrypted, object: key.text, "it must be encrypted, and this machine has no document key",
                hint: Self.advice)
        }
        return try CMSEnvelope.seal(document, to: recipients, and: documentKey)
    }

    /// Decrypts a document; one that is not encrypted stays as it is.
    /// - Throws: `RepositoryError` `.encrypted` without the right key, `.damaged`.
    package func open(_ object: [UInt8], of key: ObjectKey) throws -> [UInt8] {
        guard Self.isEnvelope(object) else { return object }
        if let delegate { return try delegate.open(object, of: key) }
        do {
            return try CMSEnvelope.open(object, with: DocumentKeys(of: self), limit: DocumentLimits.longestManifest)
        } catch let error as CMSError where error.reason == .wrongKey {
            let reason =
                opensDocuments
                ? "it is encrypted: \(error.detail)" : "it is encrypted, and this machine has no key for it"
            throw RepositoryError(.encrypted, object: key.text, reason, hint: Self.advice)
        } catch let error as CMSError {
            throw RepositoryError.damaged(key.text, "\(error.detail)")
        }
    }

    /// True for an ASN.1 SEQUENCE. A document in the clear begins with `{`, a compressed index with 0x1F.
    private static func isEnvelope(_ object: [UInt8]) -> Bool { object.first == 0x30 }

    private static let advice =
        "`--recovery-key KEY` opens it; `dr key host --recovery-key KEY` gives this machine the document keys"
}

/// The keys that open documents, tried in order.
private struct DocumentKeys: EnvelopeKey {
    let encryption: RepositoryEncryption

    init(of encryption: RepositoryEncryption) { self.encryption = encryption }

    func unwrapContentKey(of envelope: OpaquePointer) throws(CMSError) {
        for key in encryption.documentKeys {
            do throws(CMSError) { return try key.unwrapContentKey(of: envelope) } catch {
                guard error.reason == .wrongKey else { throw error }
            }
        }
        if let key = encryption.key { return try key.unwrapContentKey(of: envelope) }
        throw CMSError(.wrongKey, operation: "decrypt", "none of this machine's document keys opens it")
    }
}
