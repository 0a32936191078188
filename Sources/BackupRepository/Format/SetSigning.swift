package import Cryptography
internal import ObjectStorage

/// The signer of new sets, and the signers that a reader trusts.
///
/// A set names its manifests by SHA-256, and so on down to every byte: a signature over the set covers all of it. It is
/// a detached CMS signature over the set's object, in a separate object that is written before the set. The run's id is
/// in its key, so that two runs never write the same key, and a run that dies leaves only a signature without a set.
package struct SetSigning: Sendable {
    /// Nil if sets are only read.
    package var signer: SigningIdentity?
    /// A set must be signed by the holder of one of these; empty: signatures are not checked.
    package var trusted: [X509Certificate]

    /// The SHA-256 fingerprints of certificates that a reader trusts instead of ``trusted``; empty for none.
    package private(set) var trustedFingerprints: Set<Digest> = []

    package init(signer: SigningIdentity? = nil, trusted: [X509Certificate] = []) {
        self.signer = signer
        self.trusted = trusted
    }

    /// Accepts only sets that the holder of a certificate with one of these fingerprints signed.
    package mutating func trust(onlySignersWith fingerprints: some Sequence<Digest>) {
        trustedFingerprints = Set(fingerprints)
    }

    /// Stores the signature of a set that is about to be written as `document`.
    func sign(_ set: BackupSet, _ document: [UInt8], in repository: Repository) throws {
        guard let signer else { return }
        let signature = try CMSSignature.sign(document, by: signer)
        _ = try repository.store.put(Layout.signature(of: set), signature, options: repository.writing)
    }

    /// - Throws: `RepositoryError` `.damaged` if a signature is required and `document` has no valid one.
    func check(_ set: BackupSet, _ document: [UInt8], in store: any ObjectStore) throws {
        guard !trusted.isEmpty || !trustedFingerprints.isEmpty else { return }
        let key = Layout.set(set.name).text
        let hint = "to use a set from before signing was configured, remove `store: signing:` from dr.yaml"
        let signature: [UInt8]
        do {
            signature = try store.read(Layout.signature(of: set), limit: 1 << 20)
        } catch let error as ObjectStoreError where error.reason == .notFound {
            throw RepositoryError(.damaged, object: key, "it is not signed", hint: hint)
        }
        guard trustedFingerprints.isEmpty else {
            return try checkFingerprint(of: signature, document, key: key)
        }
        do {
            try CMSSignature.verify(signature, of: document, trusting: trusted, at: nil)
        } catch {
            throw RepositoryError(.damaged, object: key, "its signature is not valid: \(error.detail)", hint: hint)
        }
    }

    /// The certificate is inside the signature, so its fingerprint is all that a reader needs to know.
    private func checkFingerprint(of signature: [UInt8], _ document: [UInt8], key: String) throws {
        let signer: X509Certificate
        do { signer = try CMSSignature.claimedSigner(signature, of: document) } catch {
            throw RepositoryError(.damaged, object: key, "its signature is not valid: \(error.detail)")
        }
        guard trustedFingerprints.contains(signer.fingerprint) else {
            throw RepositoryError(
                .damaged, object: key,
                "the signer is not trusted: the certificate '\(signer.subject)' has the fingerprint "
                    + signer.fingerprint.hex,
                hint: "compare the fingerprint with the one in the recovery kit; --trust names the trusted ones")
        }
    }
}
