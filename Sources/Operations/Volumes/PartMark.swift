import BackupRepository
import Cryptography
import ObjectStorage

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

    var defect: String? {
        (result == nil) == (failure == nil) ? "it has neither or both of a result and a failure" : nil
    }
}

extension PartMark {
    /// Reads the results of a component's part in a run, and removes them from the store. Calls block.
    static func take(of run: String, component: String, in repository: Repository) throws -> [PartMark] {
        var found: [PartMark] = []
        var keys: [ObjectKey] = []
        try Marks(repository).forEach(PartMark.self, unreadable: { _ in }) { object, mark in
            guard mark.run == run, mark.component == component else { return }
            found.append(mark)
            keys.append(object.key)
        }
        // A result that stays is harmless: a prune removes it.
        if !keys.isEmpty { _ = try? repository.store.delete(keys) }
        return found
    }
}
