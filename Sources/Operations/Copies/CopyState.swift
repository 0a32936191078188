package import BackupRepository
import Metrics
import Platform
import StackConfiguration

/// The lag of a copy behind the first store, as this machine last saw it.
package struct CopyState: Encodable, Sendable {
    package var name: String
    package var location: String
    /// The newest set in the copy; absent if there is none.
    package var newest: Timestamp?
    /// The sets of the first store that are newer.
    package var setsBehind: Int
    /// Seconds between the newest set of the first store and that of the copy; absent if the copy has no set.
    package var secondsBehind: Int?
    /// The times of the last attempt, and of the last one that succeeded.
    package var attempted: Timestamp?
    package var succeeded: Timestamp?
    package var error: String?

    package var isCurrent: Bool { setsBehind == 0 && error == nil }

    /// - Parameter sets: the names of the sets in the first store, in order.
    init(_ copy: CopyConfiguration, _ note: CopyNote?, sets: [Timestamp]) {
        name = copy.name
        location = "\(copy.store.url)"
        newest = note?.newest
        setsBehind = newest.map { newest in sets.count { $0 > newest } } ?? sets.count
        secondsBehind = newest.map { max(0, (sets.last ?? $0).seconds - $0.seconds) }
        (attempted, succeeded, error) = (note?.at, note?.succeeded, note?.error)
    }

    /// A line for people.
    package var text: String {
        let state =
            if let newest {
                setsBehind == 0
                    ? "\(error == nil ? "up to date" : "not up to date"), newest set \(newest)"
                    : "\(Units.count(setsBehind, "set")) behind, newest set \(newest), "
                        + "\(Units.duration(seconds: secondsBehind ?? 0)) older than the newest backup"
            } else { "no set yet" }
        return "copy \(name): \(state)"
    }

    /// The warning for a copy that is not current; nil for none.
    package var warning: String? {
        guard !isCurrent else { return nil }
        let reason = error.map { ": the last attempt failed: \($0)" } ?? ""
        // A copy that has all sets is damaged, or was away: the reason says what mends it.
        let effect = setsBehind == 0 ? "looks at it again" : error == nil ? "brings it up to date" : "tries again"
        return "\(text)\(reason)\nhint: `dr copy \(name)` \(effect)"
    }
}

extension Session {
    /// Notes the lag of all copies for the metrics of this command.
    func noteCopies(of repository: Repository) async {
        guard writesMetrics, let sets = try? await pool.run({ try repository.setNames() }) else { return }
        let states = copyStates(of: repository, sets: sets)
        func note(_ definition: MetricDefinition, _ value: (CopyState) -> Double?) {
            let values = states.compactMap { state in value(state).map { (["copy": state.name], $0) } }
            collected.note(.replace(samples.each(definition, values)))
        }
        note(.copySetsBehind) { Double($0.setsBehind) }
        note(.copyNewest) { $0.newest.map { Double($0.seconds) } }
        note(.copySuccess) { $0.attempted == nil ? nil : $0.error == nil ? 1 : 0 }
    }

    /// The states of all copies in the order of dr.yaml, without a request.
    /// - Parameter sets: the names of the sets in the first store, in order.
    func copyStates(of repository: Repository, sets: [Timestamp]) -> [CopyState] {
        let state = try? state(of: repository)
        return configuration.store.copies.map { CopyState($0, state?.copyNote($0.name), sets: sets) }
    }
}
