package import BackupRepository
import ObjectStorage
import Platform
package import Retention
package import StackConfiguration

/// The other stores of the repository: `store: copies:`.
extension Session {
    /// The same session on a copy: the same keys, recipients and signers, and the place and the retention of the copy.
    package func on(_ copy: CopyConfiguration) -> Session {
        var session = self
        session.copyName = copy.name
        let first = configuration.store
        session.configuration.store = copy.store
        session.configuration.store.recipients = first.recipients
        session.configuration.store.documentKey = first.documentKey
        session.configuration.store.signing = first.signing
        session.configuration.store.repository = first.repository
        if let retention = copy.retention { session.configuration.retention = retention }
        return session
    }

    /// Returns the copies with these names, in the order of dr.yaml; all without names.
    /// - Throws: `UsageError` for a name that dr.yaml does not have.
    package func copies(_ names: [String]) throws -> [CopyConfiguration] {
        let all = configuration.store.copies
        for name in names where !all.contains(where: { $0.name == name }) {
            let known = all.map(\.name).joined(separator: ", ")
            throw UsageError(
                "dr.yaml has no copy '\(name.printable)'",
                hint: all.isEmpty ? "add it to `store: copies:`" : "it has: \(known)")
        }
        return names.isEmpty ? all : all.filter { names.contains($0.name) }
    }

    /// The id of the repository in the store, as dr.yaml or this machine knows it; nil if neither does.
    var knownRepository: String? {
        configuration.store.repository
            ?? StateFolder.knownRepository(at: ownAddress, in: stateFolder)
    }

    /// The address of the store, as dr.yaml has it.
    var ownAddress: String { address(ofStoreAt: "\(configuration.store.url)") }

    /// For a command that removes something from a copy.
    /// - Throws: `RepositoryError` `.otherRepository` if it is not the repository of the first store, as far as this machine
    ///   knows that one.
    package func requireCopy(_ repository: Repository, named name: String) throws {
        guard let known = knownRepository, known != repository.description.id else { return }
        throw RepositoryError(
            .otherRepository, object: repository.store.location,
            "it is repository \(repository.description.id), and the first store holds \(known)",
            hint: "name another place as copy '\(name)'")
    }

    /// Returns the names of the sets that a retention policy keeps today, of all sets of this stack.
    /// - Parameter unreadable: called for each set whose document cannot be read, and that no operator dropped.
    package func keptSets(
        in repository: Repository, by policy: RetentionPolicy,
        unreadable: (Timestamp, String) -> Void = { _, _ in }
    ) async throws -> Set<Timestamp> {
        let now = now()
        let all = try await pool.run { try repository.setNames() }
        let (sets, damaged) = try await repository.sets(all, pool: pool)
        let marks = try await pool.run { try SetMarks(Marks(repository)) }
        for (name, reason) in damaged where marks[name].dropReason(at: now) == nil { unreadable(name, reason) }
        let own = sets.filter {
            repository.scope.owns($0) && !repository.scope.isFuture($0, at: now)
                && marks[$0.name].dropReason(at: now) == nil
        }
        return kept(own, marks: marks, in: repository, by: policy)
    }

    func kept(
        _ sets: [BackupSet], marks: SetMarks, in repository: Repository, by policy: RetentionPolicy
    ) -> Set<Timestamp> {
        let now = now()
        let plan = decide(
            sets.map { marks.retentionFacts(of: $0, at: now, in: repository.scope) }, policy: policy,
            circumstances: PruneCircumstances(
                now: now.seconds, components: Set(configuration.components.map(\.name))))
        return Set(plan.decisions.filter { $0.verdict == .keep }.map { Timestamp(seconds: $0.set.time) })
    }
}
