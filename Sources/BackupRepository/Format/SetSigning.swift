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
    /// Certificates that are trusted for every role and at every time, unless ``signers`` names them; empty for none.
    package var trusted: [X509Certificate]
    /// The signers with limits.
    package private(set) var signers: [TrustedSigner] = []
    /// The SHA-256 fingerprints of certificates that a reader trusts instead of ``trusted`` and ``signers``; empty for
    /// none.
    package private(set) var trustedFingerprints: Set<Digest> = []
    /// True to use sets of a revoked signer from before its revocation although no other set proves their age.
    package var acceptsRevoked = false
    private let proofs = RevocationProofs()

    package init(signer: SigningIdentity? = nil, trusted: [X509Certificate] = []) {
        self.signer = signer
        self.trusted = trusted
    }

    /// Accepts only sets that the holder of a certificate with one of these fingerprints signed.
    package mutating func trust(onlySignersWith fingerprints: some Sequence<Digest>) {
        trustedFingerprints = Set(fingerprints)
    }

    /// Trusts these signers within their limits, beside ``trusted``.
    package mutating func trust(_ signers: [TrustedSigner]) { self.signers = signers }

    /// True if sets and marks count only with a signature.
    package var isRequired: Bool { !trusted.isEmpty || !signers.isEmpty || !trustedFingerprints.isEmpty }

    /// Returns the limits of the trust in a signer; nil if it is not trusted.
    func entry(of fingerprint: Digest) -> TrustedSigner? {
        if !trustedFingerprints.isEmpty {
            return trustedFingerprints.contains(fingerprint) ? TrustedSigner(fingerprint: fingerprint) : nil
        }
        if let entry = signers.first(where: { $0.fingerprint == fingerprint }) { return entry }
        return trusted.contains { $0.fingerprint == fingerprint } ? TrustedSigner(fingerprint: fingerprint) : nil
    }

    // MARK: Writing

    /// Returns the reason why readers would not accept a document of this machine; nil if they do.
    package func refusalToSign(as roles: Set<SignerRole>, at now: Timestamp) -> String? {
        guard isRequired else { return nil }
        guard let signer else { return "this machine has no signing key" }
        // --trust says what this reader trusts, and not what the others do.
        guard trustedFingerprints.isEmpty, let entry = entry(of: signer.certificate.fingerprint) else { return nil }
        guard entry.revoked == nil else { return "the key of this machine is revoked" }
        return entry.refusal(of: roles, now...now)?.replacing("its signer", with: "the key of this machine")
    }

    /// - Throws: `RepositoryError` `.noSigningKey` if signatures are required and this machine cannot make one that
    ///   readers accept.
    package func requireSigner(toWrite object: String, as roles: Set<SignerRole>, at now: Timestamp) throws {
        guard let reason = refusalToSign(as: roles, at: now) else { return }
        throw RepositoryError(
            .noSigningKey, object: object, "it must be signed, and \(reason)",
            hint: signer == nil
                ? "set `store: signing: key:` in dr.yaml, or run the command on a machine that has the key"
                : "run the command on a machine whose key may sign it, or change `store: signing: trust:` in dr.yaml")
    }

    /// Stores the signature of a set that is about to be written as `document`.
    func sign(_ set: BackupSet, _ document: [UInt8], in repository: Repository) throws {
        guard let signer else { return }
        let signature = try CMSSignature.sign(document, by: signer)
        _ = try repository.store.put(Layout.signature(of: set), signature, options: repository.writing)
    }

    // MARK: Reading

    /// Refuses a document that this program cannot read, unless a trusted signer made it. Any user could write one, and it
    /// would stop every command.
    /// - Throws: `RepositoryError` `.damaged`.
    func requireSigner(of name: Timestamp, _ document: [UInt8], in store: any ObjectStore) throws {
        guard isRequired else { return }
        var isSigned = false
        try store.list(prefix: "\(Layout.setPrefix)\(name).", after: nil) { object in
            guard object.key.text.hasSuffix(".p7s") else { return .proceed }
            do {
                _ = try store.readDocument(object.key, limit: 1 << 20) { signature in
                    do throws(CMSError) { return try verify(signature, of: document) } catch {
                        throw RepositoryError.damaged(object.key.text, error.detail)
                    }
                }
                isSigned = true
                return .stop
            } catch let error as RepositoryError where error.reason == .damaged { return .proceed }
        }
        guard isSigned else {
            throw RepositoryError.damaged(
                Layout.set(name).text, "it cannot be read, and no trusted signer made it")
        }
    }

    /// - Throws: `RepositoryError` `.damaged` if a signature is required and `document` has no valid one.
    func check(_ set: BackupSet, _ document: [UInt8], in repository: Repository) throws {
        guard isRequired else { return }
        let key = Layout.set(set.name).text
        let hint =
            "a trusted machine did not make it; `dr list` shows the sets that are signed, `--at SET` names one of them"
        let entry = try signer(of: set, document, in: repository, hint: hint)
        // An imported set is named after the time of the other tool's backup, and signed at the time of its import.
        let first = set.imported == nil ? set.name : set.started
        let times = min(first, set.finished)...max(first, set.finished)
        if let reason = entry.refusal(of: [.backup], times) {
            throw RepositoryError(.damaged, object: key, reason, hint: hint).ofOtherSigner
        }
        guard let revoked = entry.revoked, !acceptsRevoked else { return }
        guard try !proofs.prove(Digest(of: document), in: repository) else { return }
        throw RepositoryError(
            .damaged, object: key,
            "its signer was revoked at \(revoked.readable), and no set of a trusted signer proves that it is older",
            hint: "if you know that it is yours, --accept-revoked restores it"
        ).ofOtherSigner
    }

    /// Returns the signer of a set, whose limits are not checked.
    /// - Throws: `RepositoryError` `.damaged` if there is no valid signature of a trusted signer.
    func signer(
        of set: BackupSet, _ document: [UInt8], in repository: Repository, hint: String? = nil
    ) throws -> TrustedSigner {
        let (key, place) = (Layout.set(set.name).text, Layout.signature(of: set))
        let signature: [UInt8]
        do {
            signature = try repository.store.read(place, limit: 1 << 20)
        } catch let error as ObjectStoreError where error.reason == .notFound {
            let detail = error.unreached.map { "its signature is not known: \($0)" } ?? "it is not signed"
            throw RepositoryError(.damaged, object: key, detail, hint: hint)
        }
        do { return try verify(signature, of: document) } catch {
            // The caller reads again: the transfer may have damaged it.
            repository.store.discard(place)
            let failure = RepositoryError(
                .damaged, object: key, "its signature is not valid: \(error.detail)", hint: hint)
            let signer = try? CMSSignature.claimedSigner(signature, of: document)
            throw signer == nil ? failure : failure.ofOtherSigner
        }
    }

    /// Verifies a signature over exactly this document by a trusted signer.
    /// - Returns: the limits of the trust in the signer, which the caller checks.
    /// - Throws: `CMSError` with `.signature` or `.malformed`.
    func verify(_ signature: [UInt8], of document: [UInt8]) throws(CMSError) -> TrustedSigner {
        // The certificate is inside the signature, so its fingerprint is all that a reader needs to know.
        let signer = try CMSSignature.claimedSigner(signature, of: document)
        guard let entry = entry(of: signer.fingerprint) else {
            throw CMSError(
                .signature, operation: "verify signature",
                "the signer is not trusted: the certificate '\(signer.subject)' has the fingerprint "
                    + signer.fingerprint.hex)
        }
        return entry
    }
}

extension RepositoryError {
    fileprivate var ofOtherSigner: RepositoryError {
        var error = self
        error.isOfOtherSigner = true
        return error
    }
}
