package import BackupRepository
package import Platform

/// The times when a set with each component was last verified completely, and last restored in a drill.
package struct ComponentProofs {
    /// A set with a component, and the time at which it was proved.
    package struct Proof: Equatable, Sendable {
        package var set: Timestamp
        package var at: Timestamp
    }

    /// The sets of which every byte was read.
    package private(set) var verifications: [String: Proof] = [:]
    package private(set) var drilled: [String: Timestamp] = [:]
    package var verified: [String: Timestamp] { verifications.mapValues(\.at) }

    /// Reads the marks, and then their sets from the newest on, until each component was found.
    /// - Parameter now: drills that are later do not count.
    package init(
        _ components: some Sequence<String>, of repository: Repository, at now: Timestamp, _ pool: BlockingPool
    ) async throws {
        let wanted = Set(components)
        (verifications, drilled) = try await pool.run {
            let marks = try SetMarks(Marks(repository), now: now)
            return (
                try Self.newest(marks.sets { $0.verified }, of: wanted, in: repository),
                try Self.newest(marks.sets { $0.drilled }, of: wanted, in: repository).mapValues(\.at)
            )
        }
    }

    private static func newest(
        _ marked: [(set: Timestamp, at: Timestamp)], of wanted: Set<String>, in repository: Repository
    ) throws -> [String: Proof] {
        var found: [String: Proof] = [:]
        for (name, at) in marked where !wanted.subtracting(found.keys).isEmpty {
            do {
                for component in try repository.set(name).components.keys where wanted.contains(component) {
                    found[component] = found[component] ?? Proof(set: name, at: at)
                }
            } catch let error as RepositoryError where [.damaged, .encrypted, .noSuchSet].contains(error.reason) {
                continue  // pruned, or not readable any more
            }
        }
        return found
    }
}
