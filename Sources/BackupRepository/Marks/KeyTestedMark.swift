package import Cryptography

/// `key_tested`: a recovery key was used on the packs of a set, and opened them or did not.
package struct KeyTestedMark: Mark {
    package static let kind: String = "key_tested"
    package var format: Int = RepositoryFormat.version
    package var kind: String = KeyTestedMark.kind
    package var takesAway: Bool { false }
    package var at: Timestamp
    package var tool: String
    /// The SHA-256 of the certificate that belongs to the key.
    package var fingerprint: Digest
    package var set: Timestamp
    package var passed: Bool

    package init(at: Timestamp, tool: String, fingerprint: Digest, set: Timestamp, passed: Bool) {
        self.at = at
        self.tool = tool
        self.fingerprint = fingerprint
        self.set = set
        self.passed = passed
    }
}

extension Marks {
    /// Returns the newest test that each recovery key passed, by the fingerprint of its certificate. Marks that cannot be
    /// read are skipped: they only make a key look untested.
    package func keyTests() throws -> [Digest: KeyTestedMark] {
        var newest: [Digest: KeyTestedMark] = [:]
        try forEach(KeyTestedMark.self, unreadable: { _ in }) { _, mark in
            guard mark.passed, newest[mark.fingerprint].map({ $0.at <= mark.at }) ?? true else { return }
            newest[mark.fingerprint] = mark
        }
        return newest
    }
}
