import BackupRepository
import Documents
import ObjectStorage
import Platform

/// The results that the movers of one component leave in the store for one run.
struct PartCollection: Sendable {
    let run: String
    let component: String
    let proof: PartProof
    /// The time in which a Job ends in any case.
    let life: Period
    let repository: Repository

    struct Found: Sendable {
        var marks: [PartMark] = []
        /// The error of a mark that cannot be read: it may be a result of this run.
        var unreadable: RepositoryError?
    }

    /// Reads this run's results, and removes them from the store, together with results of the component whose run is
    /// dead. Ignores results that no mover of this run wrote. Calls block.
    /// - Parameter now: the present time, in seconds since 1970.
    func take(at now: Int = WallClock.system.seconds) throws -> Found {
        // The pods write while dr waits: a listing of before does not show their results.
        let repository = repository.unremembered
        let oldest = now.subtractingClamped(Int(life.duration.components.seconds))
        var found = Found()
        var keys: [ObjectKey] = []
        try Marks(repository).forEach(PartMark.self, unreadable: { found.unreadable = $0 }) { object, mark in
            guard mark.component == component else { return }
            if mark.run == run {
                guard proof.isValid(mark) else { return }
                found.marks.append(mark)
            } else {
                // Its run may still take it, so only the store's clock decides.
                guard let modified = object.modified, modified < oldest else { return }
            }
            keys.append(object.key)
        }
        // A result that stays is harmless: a prune removes it.
        if !keys.isEmpty { _ = try? repository.store.delete(keys) }
        return found
    }
}
