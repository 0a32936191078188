import BackupRepository
import Cryptography

/// `part`: the result of one component's part of a backup run, by a mover that uses the store itself. The coordinator
/// reads it, adds the component to the set, and removes it.
struct PartMark: Mark {
    static let kind: String = "part"
    static let isPrivate = true
    var format: Int = RepositoryFormat.version
    var kind: String = PartMark.kind
    var takesAway: Bool { false }
    var at: Timestamp
    var run: String
    var component: String
    /// The share of the files that the result has; nil for the whole component.
    var shard: Shard?
    /// Nil if the component could not be stored.
    var result: ComponentJob.Result?
    var failure: String?
    var isStoreFull: Bool
    /// See ``PartProof``.
    var proof: String?

    var defect: String? {
        (result == nil) == (failure == nil) ? "it has neither or both of a result and a failure" : nil
    }
}
