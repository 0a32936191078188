internal import Cryptography
internal import Synchronization

/// The sets whose age a trusted signer proves, so that a reader can use them although their own signer was revoked.
///
/// Each set names the SHA-256 of the set before it. So the signer of a set says that the one before existed then, with
/// that content, and by that one all before it. Where prunes have removed a set, the chain is broken: there the marks of
/// ``WitnessedMark`` prove the sets that they name.
final class RevocationProofs: Sendable {
    /// The SHA-256 of the documents; nil before the first question.
    private let known = Mutex<Set<Digest>?>(nil)

    /// Returns true if a trusted signer that is not revoked proves the document. Blocks: the first question reads every
    /// set.
    func prove(_ document: Digest, in repository: Repository) throws -> Bool {
        try known.withLock { known in
            let proved = try known ?? Self.walk(repository)
            known = proved
            return proved.contains(document)
        }
    }

    private static func walk(_ repository: Repository) throws -> Set<Digest> {
        var reading = repository
        reading.signing.acceptsRevoked = true
        var proved = try WitnessedMark.digests(in: reading)
        // A set proves an older one, so newest first is the order in which proofs are known.
        for name in try reading.setNames().reversed() {
            try Task.checkCancellation()
            do {
                var document: [UInt8] = []
                let set = try reading.set(name, void: nil) { document = $0 }
                guard let before = set.previousDigest else { continue }
                let signer = try reading.signing.signer(of: set, document, in: reading)
                if signer.revoked == nil || proved.contains(Digest(of: document)) { proved.insert(before) }
            } catch let error as RepositoryError where error.isUnreadable || error.reason == .noSuchSet {
                continue  // it proves nothing
            }
        }
        return proved
    }
}
