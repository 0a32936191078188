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
    /// The newest drills that do not count because their marks have no trusted signature, of components without a later
    /// drill that counts.
    package private(set) var untrustedDrills: [String: Timestamp] = [:]
    /// The marks of the sets.
    package private(set) var marks = SetMarks()
    package var verified: [String: Timestamp] { verifications.mapValues(\.at) }

    /// Reads the marks, and then their sets from the newest on, until each component was found.
    /// - Parameter now: drills that are later do not count.
    package init(
        _ components: some Sequence<String>, of repository: Repository, at now: Timestamp, _ pool: BlockingPool
    ) async throws {
        let wanted = Set(components)
        self = try await pool.run { try Self(wanted, Marks(repository), in: repository, at: now) }
    }

    private init(_ wanted: Set<String>, _ stored: Marks, in repository: Repository, at now: Timestamp) throws {
        marks = try SetMarks(stored, now: now)
        verifications = try Self.newest(marks.sets { $0.verified }, of: wanted, in: repository)
        drilled = try Self.newest(marks.sets { $0.drilled }, of: wanted, in: repository).mapValues(\.at)
        // Any user who can write to the store can add such marks, also of sets that do not exist.
        let untrusted = marks.sets { $0.untrustedDrill }.prefix(Self.mostUntrusted)
        untrustedDrills = try Self.newest(Array(untrusted), of: wanted, in: repository).mapValues(\.at)
            .filter { component, at in drilled[component].map { $0 < at } ?? true }
    }

    /// The number of sets that are read for the drills that do not count.
    private static let mostUntrusted = 100

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
