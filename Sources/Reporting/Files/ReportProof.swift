package import Cryptography

/// The result of `dr report verify`.
package struct ReportProof: Encodable {
    package var verified = true
    package var proof: ReportVerification.Proof

    package init(
        _ file: String, journal: String?, trusting trusted: [X509Certificate], authorities: [X509Certificate] = []
    ) throws {
        proof = try ReportVerification.verify(file, journal: journal, trusting: trusted, authorities: authorities)
    }

    package var text: String {
        """
        \(proof.file) is what its journal says, to the byte
        run \(proof.run): \(proof.verdict.rawValue)
        journal: \(proof.lines) lines, the last with SHA-256 \(proof.head)
        evidence: SHA-256 \(proof.digest)
        signed: \(signed)
        attested: \(attested)
        stamped: \(stamped)
        """
    }

    private var attested: String {
        guard let attestation = proof.attestation else { return "no" }
        return "in \(attestation.file), \(attestation.predicateType), by the same signer"
    }

    private var stamped: String {
        guard let stamp = proof.stamp else { return "no" }
        var lines = ["\(stamp.time) by \(stamp.authority)"]
        if !stamp.isTrusted {
            lines.append("the authority's name is only a claim: pass --timestamp-ca with a trusted certificate")
        }
        if let deviation = stamp.deviation { lines.append("deviation: \(deviation)") }
        return lines.joined(separator: "\n         ")
    }

    private var signed: String {
        guard let signature = proof.signature else { return "no" }
        let name = "by \(signature.signer), certificate SHA-256 \(signature.fingerprint)"
        return signature.isTrusted
            ? name : name + "\n        the signer is not trusted: pass --certificate with a trusted certificate"
    }
}
