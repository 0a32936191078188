internal import ObjectStorage

/// The marks in a signed repository that would hide or remove a backup and have no trusted signature. dr never writes one,
/// so another user can write to the store. Marks that only cost work where they are missing are not among them.
package struct UntrustedMarks: Sendable {
    /// At most a thousand of each kind, as errors with their reasons.
    package let errors: [RepositoryError]

    /// Blocks. Empty if sets need no signature.
    package init(in repository: Repository) throws {
        guard repository.signing.isRequired else {
            errors = []
            return
        }
        let marks = Marks(repository)
        var errors = try VoidRuns(listing: repository).defects()
        func seek<M: Mark>(_ type: M.Type) throws {
            var seen = 0
            try marks.forEach(
                type,
                unreadable: { error in
                    guard error.reason == .untrusted, seen < Self.most else { return }
                    seen += 1
                    errors.append(error)
                }, { _, _ in })
        }
        try seek(PruneIntent.self)
        try seek(PrunedMark.self)
        try seek(PinnedMark.self)
        try seek(UnpinnedMark.self)
        try seek(DroppedMark.self)
        self.errors = errors
    }

    static let most = 1000
}
