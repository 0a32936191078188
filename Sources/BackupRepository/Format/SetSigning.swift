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

    /// True if sets and marks count only with a signature.
    package var isRequired: Bool { !trusted.isEmpty || !trustedFingerprints.isEmpty }

    /// - Throws: `RepositoryError` `.noSigningKey` if signatures are required and this machine cannot make one.
    package func requireSigner(toWrite object: String) throws {
        guard isRequired, signer == nil else { return }
        throw RepositoryError(
            .noSigningKey, object: object, "it must be signed, and this machine has no signing key",
            hint: "set `store: signing: key:` in dr.yaml, or run the command on a machine that has the key")
    }

    /// Stores the signature of a set that is about to be written as `document`.
    func sign(_ set: BackupSet, _ document: [UInt8], in repository: Repository) throws {
        guard let signer else { return }
        let signature = try CMSSignature.sign(document, by: signer)
        _ = try repository.store.put(Layout.signature(of: set), signature, options: repository.writing)
    }

    /// - Throws: `RepositoryError` `.damaged` if a signature is required and `document` has no valid one.
    func check(_ set: BackupSet, _ document: [UInt8], in store: any ObjectStore) throws {
        guard isRequired else { return }
        let key = Layout.set(set.name).text
        let hint =
            "a trusted machine did not make it; `dr list` shows the sets that are signed, `--at SET` names one of them"
        let signature: [UInt8]
        do {
            signature = try store.read(Layout.signature(of: set), limit: 1 << 20)
        } catch let error as ObjectStoreError where error.reason == .notFound {
            throw RepositoryError(.damaged, object: key, "it is not signed", hint: hint)
        }
        do { try verify(signature, of: document) } catch {
            throw RepositoryError(.damaged, object: key, "its signature is not valid: \(error.detail)", hint: hint)
        }
    }

    /// Verifies a signature over exactly this document by a trusted signer.
    /// - Throws: `CMSError` with `.signature` or `.malformed`.
    func verify(_ signature: [UInt8], of document: [UInt8]) throws(CMSError) {
        guard !trustedFingerprints.isEmpty else {
            try CMSSignature.verify(signature, of: document, trusting: trusted, at: nil)
            return
        }
        // The certificate is inside the signature, so its fingerprint is all that a reader needs to know.
        let signer = try CMSSignature.claimedSigner(signature, of: document)
        guard trustedFingerprints.contains(signer.fingerprint) else {
            throw CMSError(
                .signature, operation: "verify signature",
                "the signer is not trusted: the certificate '\(signer.subject)' has the fingerprint "
                    + signer.fingerprint.hex)
        }
    }
}
