import BackupRepository
import Cryptography
import Documents
import Platform
import StackConfiguration

extension Signing {
    /// The signers with limits.
    func signers() throws -> [TrustedSigner] {
        var signers: [TrustedSigner] = []
        for entry in trust {
            let signer = TrustedSigner(
                fingerprint: try entry.digest(), roles: Set(entry.roles), from: entry.from, until: entry.until,
                revoked: entry.revoked)
            guard !signers.contains(where: { $0.fingerprint == signer.fingerprint }) else {
                throw UsageError(
                    "dr.yaml: 'store: signing: trust:' has two entries for the certificate \(signer.fingerprint.hex)")
            }
            signers.append(signer)
        }
        return signers
    }
}

extension SignerConfiguration {
    fileprivate func digest() throws -> Digest {
        if let fingerprint, let digest = Digest(hex: fingerprint) { return digest }
        guard let certificate else { throw UsageError("dr.yaml: a signer needs a certificate or a fingerprint") }
        let found = try X509Certificate.load(certificate)
        guard found.count == 1 else {
            throw UsageError("'\(certificate)' has \(found.count) certificates: an entry of 'trust' takes one")
        }
        return found[0].fingerprint
    }
}
