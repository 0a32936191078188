package import ObjectStorage

/// `rekey`: the repository from which this one is being copied. Only a repository with such a mark is continued.
struct RekeyMark: Mark {
    static let kind: String = "rekey"
    var format: Int = RepositoryFormat.version
    var kind: String = RekeyMark.kind
    var takesAway: Bool { false }
    var at: Timestamp
    var tool: String
    /// The id of the other repository.
    var source: String
    /// The SHA-256 fingerprints of the recipients of the copy; nil for a copy that is not encrypted.
    var recipients: [String]?
}

extension Repository {
    /// Opens the repository that an earlier ``Rekey`` began at an address, or creates one in an empty store. Blocks.
    /// - Throws: `RepositoryError` `.alreadyExists` if the store holds anything else.
    package static func forRekey(
        of source: Repository, in store: any ObjectStore, tool: String, now: Timestamp
    ) throws -> (Repository, isNew: Bool) {
        let (target, isNew): (Repository, Bool)
        if try store.head(Layout.description) == nil {
            try store.list(prefix: "", after: nil) { object in
                throw occupied(store, "it holds '\(object.key)' and no repository")
            }
            (target, isNew) = try create(in: store, tool: tool, now: now, pack: source.description.pack)
        } else {
            (target, isNew) = (try Repository(opening: store), false)
        }
        let marks = Marks(target)
        // A run that was killed at once, or an operator, leaves a repository without backups.
        if try isNew || target.isWithoutBackups() {
            try marks.put(
                RekeyMark(
                    at: now, tool: tool, source: source.description.id, recipients: source.encryption.fingerprints))
        }
        var isCopy = false, isForSameKeys = false
        try marks.forEach(RekeyMark.self, unreadable: { _ in }) { _, mark in
            guard mark.source == source.description.id else { return }
            isCopy = true
            isForSameKeys = isForSameKeys || mark.recipients == source.encryption.fingerprints
        }
        guard isCopy, target.description.id != source.description.id else {
            throw occupied(store, "it holds repository \(target.description.id), which is not a copy of this one")
        }
        // What an earlier run copied is encrypted to the recipients of that time.
        guard isForSameKeys else { throw occupied(store, "it holds a copy for other recipients") }
        return (target, isNew)
    }

    private func isWithoutBackups() throws -> Bool {
        var isEmpty = true
        try store.list(prefix: "", after: nil) { object in
            isEmpty = object.key == Layout.description || object.key.text.hasPrefix("marks/")
            return isEmpty ? .proceed : .stop
        }
        return isEmpty
    }

    private static func occupied(_ store: any ObjectStore, _ detail: String) -> RepositoryError {
        RepositoryError(
            .alreadyExists, object: store.location, detail, hint: "name an empty prefix or directory with --to")
    }
}
