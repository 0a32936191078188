package import BackupRepository
import Metrics
import Platform
import StackConfiguration

/// The lag of a copy behind the first store, and its damage, as this machine last saw them.
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
    /// Absent if no check found some that is still there.
    package var damage: Damage?

    package struct Damage: Encodable, Sendable {
        /// The objects that are damaged or missing.
        package var objects: Int
        package var found: Timestamp
        /// The command that mends it.
        package var command: String
        /// Seconds since it was found.
        fileprivate var age: Int

        private enum CodingKeys: CodingKey { case objects, found, command }

        fileprivate var text: String {
            "\(Units.count(objects, "object")), found \(Units.duration(seconds: age)) ago"
        }
    }

    package var isCurrent: Bool { setsBehind == 0 && error == nil && damage == nil }

    /// - Parameter sets: the names of the sets in the first store, in order.
    init(_ copy: CopyConfiguration, _ note: CopyNote?, damage: Damage?, sets: [Timestamp]) {
        self.damage = damage
        name = copy.name
        location = "\(copy.store.url)"
        newest = note?.newest
        setsBehind = newest.map { newest in sets.count { $0 > newest } } ?? sets.count
        secondsBehind = newest.map { max(0, (sets.last ?? $0).seconds - $0.seconds) }
        (attempted, succeeded, error) = (note?.at, note?.succeeded, note?.error)
    }

    /// A line for people.
    package var text: String {
        "\(lag)\(damage.map { "; damaged: \($0.text); run `\($0.command)`" } ?? "")"
    }

    private var lag: String {
        let state =
            if let newest {
                setsBehind == 0
                    ? "\(isCurrent ? "up to date" : "not up to date"), newest set \(newest)"
                    : "\(Units.count(setsBehind, "set")) behind, newest set \(newest), "
                        + "\(Units.duration(seconds: secondsBehind ?? 0)) older than the newest backup"
            } else { "no set yet" }
        return "copy \(name): \(state)"
    }

    /// The warnings about a copy that is not current.
    package var warnings: [String] {
        [lagWarning, damage.map { "copy \(name) is damaged: \($0.text)\nhint: \(DamageAdvice.text($0.command))" }]
            .compactMap { $0 }
    }

    private var lagWarning: String? {
        guard setsBehind > 0 || error != nil else { return nil }
        let reason = error.map { ": the last attempt failed: \($0)" } ?? ""
        // A copy that has all sets is damaged, or was away: the reason says what mends it.
        let effect = setsBehind == 0 ? "looks at it again" : error == nil ? "brings it up to date" : "tries again"
        return "\(lag)\(reason)\nhint: `dr copy \(name)` \(effect)"
    }
}

extension Session {
    /// Notes the lag and the damage of all copies for the metrics of this command.
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
        noteCopyDamage(of: repository)
    }

    /// Notes the damage of all copies for the metrics of this command.
    func noteCopyDamage(of repository: Repository) {
        let values = copyStates(of: repository, sets: []).map { state in
            (["copy": state.name], Double(state.damage?.objects ?? 0))
        }
        collected.note(.replace(samples.each(.copyDamaged, values)))
    }

    /// The states of all copies in the order of dr.yaml, without a request.
    /// - Parameter sets: the names of the sets in the first store, in order.
    func copyStates(of repository: Repository, sets: [Timestamp]) -> [CopyState] {
        let (state, now) = (try? state(of: repository), now())
        // `dr copy` does not send sets from the future.
        let sets = sets.filter { !repository.scope.isFuture($0, at: now) }
        return configuration.store.copies.map { copy in
            let damage = state?.damage(ofCopy: copy.name, at: on(copy).ownAddress).map { damage in
                CopyState.Damage(
                    objects: damage.objects, found: damage.found,
                    command: DamageAdvice.command(readsData: damage.depth == .data, inCopy: copy.name),
                    age: max(0, now.seconds - damage.found.seconds))
            }
            return CopyState(copy, state?.copyNote(copy.name), damage: damage, sets: sets)
        }
    }
}
