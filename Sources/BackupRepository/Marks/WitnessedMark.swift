package import Cryptography
internal import ObjectStorage

/// `witnessed`: sets of other signers that the signer of this mark saw, and could read. It proves their age when their
/// signer is revoked later, also where prunes have removed the sets between them.
package struct WitnessedMark: Mark {
    package static let kind: String = "witnessed"
    package static let roles: Set<SignerRole> = [.backup, .operator]
    package var format: Int = RepositoryFormat.version
    package var kind: String = WitnessedMark.kind
    /// It takes no backup away, and a false one would pass off a forged set.
    package var takesAway: Bool { true }
    package var at: Timestamp
    package var tool: String
    package var sets: [Witnessed]

    package struct Witnessed: Codable, Equatable, Sendable {
        package var name: Timestamp
        /// The SHA-256 of the set's document as it is stored.
        package var sha256: Digest
    }

    /// Returns the SHA-256 of every document that a trusted signer has witnessed.
    static func digests(in repository: Repository) throws -> Set<Digest> {
        var digests: Set<Digest> = []
        try Marks(repository).forEach(WitnessedMark.self, unreadable: { _ in }) { _, mark in
            digests.formUnion(mark.sets.lazy.map(\.sha256))
        }
        return digests
    }

    /// Witnesses the sets of other signers, once for each key of this machine. Blocks: reads every set.
    /// - Returns: the number of sets; nil if there is nothing to do.
    package static func record(
        in repository: Repository, state: StateFolder, tool: String, now: Timestamp
    ) throws -> Int? {
        let signing = repository.signing
        guard let own = signing.signer?.certificate.fingerprint, signing.isRequired, !state.hasWitnessed(as: own.hex)
        else { return nil }
        var sets: [Witnessed] = []
        for name in try repository.setNames() where !repository.scope.isFuture(name, at: now) {
            do {
                var document: [UInt8] = []
                let set = try repository.set(name, void: nil) { document = $0 }
                guard try signing.signer(of: set, document, in: repository).fingerprint != own else { continue }
                sets.append(Witnessed(name: name, sha256: Digest(of: document)))
            } catch let error as RepositoryError where error.isUnreadable || error.reason == .noSuchSet {
                continue
            }
        }
        if !sets.isEmpty { try Marks(repository).put(WitnessedMark(at: now, tool: tool, sets: sets)) }
        try state.noteWitness(own.hex)
        return sets.isEmpty ? nil : sets.count
    }
}
