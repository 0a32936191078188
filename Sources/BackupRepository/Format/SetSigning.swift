package import Cryptography
internal import ObjectStorage

/// Who signs new sets, and whose signatures a reader asks for.
///
/// A set names its manifests by SHA-256, and so on down to every byte: a signature over the set covers all of it. It is
/// a detached CMS signature over the set's object, in an object of its own that is written before the set; the run's id
/// is in its key, so that two runs never meet there, and one that dies leaves nothing but a signature of nothing.
package struct SetSigning: Sendable {
    /// Nil where sets are only read.
    package var signer: SigningIdentity?
    /// A set must be signed by the holder of one of these; empty: signatures are not looked at.
    package var trusted: [X509Certificate]

    package init(signer: SigningIdentity? = nil, trusted: [X509Certificate] = []) {
        self.signer = signer
        self.trusted = trusted
    }

    /// Stores the signature of a set that is about to be written as `document`.
    func sign(_ set: BackupSet, _ document: [UInt8], in repository: Repository) throws {
        guard let signer else { return }
        let signature = try CMSSignature.sign(document, by: signer)
        _ = try repository.store.put(Layout.signature(of: set), signature, options: repository.writing)
    }

    /// - Throws: `RepositoryError` `.damaged` where a signature is asked for and `document` does not have it.
    func check(_ set: BackupSet, _ document: [UInt8], in store: any ObjectStore) throws {
        guard !trusted.isEmpty else { return }
        let key = Layout.set(set.name).text
        let hint = "a set from before signing was configured can be used with `store: signing:` taken out of dr.yaml"
        let signature: [UInt8]
        do {
            signature = try store.read(Layout.signature(of: set), limit: 1 << 20)
        } catch let error as ObjectStoreError where error.reason == .notFound {
            throw RepositoryError(.damaged, object: key, "it is not signed", hint: hint)
        }
        do {
            try CMSSignature.verify(signature, of: document, trusting: trusted, at: nil)
        } catch {
            throw RepositoryError(.damaged, object: key, "its signature does not hold: \(error.detail)", hint: hint)
        }
    }
}
