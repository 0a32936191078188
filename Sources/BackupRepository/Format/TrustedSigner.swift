package import Cryptography

/// The kinds of documents that a signer may sign.
package enum SignerRole: String, CaseIterable, Codable, Sendable {
    /// Sets.
    case backup
    /// The marks of prunes: announced and removed objects, and abandoned runs.
    case prune
    /// Pins, and the sets that an operator drops.
    case `operator`
    /// The results of verifications and drills, and entries of the ledger: documents that every trusted signer may sign. A
    /// host that only verifies and drills has this role and no other.
    case verify
}

/// A signer that a reader trusts, with the documents and the times for which it does.
package struct TrustedSigner: Equatable, Sendable {
    /// The SHA-256 of the certificate.
    package var fingerprint: Digest
    package var roles: Set<SignerRole>
    /// The first time of a document that counts; nil: no limit.
    package var from: Timestamp?
    /// The last time of a document that counts; nil: no limit.
    package var until: Timestamp?
    /// The time from which the key may be in other hands; nil: it is not revoked.
    package var revoked: Timestamp?

    package init(
        fingerprint: Digest, roles: Set<SignerRole> = Set(SignerRole.allCases), from: Timestamp? = nil,
        until: Timestamp? = nil, revoked: Timestamp? = nil
    ) {
        self.fingerprint = fingerprint
        self.roles = roles
        self.from = from
        self.until = until
        self.revoked = revoked
    }

    /// Returns the reason why a document of these times does not count; nil if it does. The times are those that the
    /// document itself names: an honest signer ends in time, and only ``revoked`` protects against a dishonest one.
    /// - Parameter roles: the signer needs one of them; empty for a document that every signer may sign.
    func refusal(of roles: Set<SignerRole>, _ times: ClosedRange<Timestamp>) -> String? {
        guard roles.isEmpty || !roles.isDisjoint(with: self.roles) else {
            let needed = roles.map(\.rawValue).sorted().joined(separator: " or ")
            return "its signer does not have the role \(needed)"
        }
        if let from, times.lowerBound < from { return "its signer is trusted only from \(from.readable)" }
        if let until, times.upperBound > until { return "its signer is trusted only until \(until.readable)" }
        if let revoked, times.upperBound > revoked { return "its signer was revoked at \(revoked.readable), before it" }
        return nil
    }
}
