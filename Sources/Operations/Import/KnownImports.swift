import BackupRepository
import Platform
import Synchronization

/// The backups of other tools that the repository holds already. Blocks.
final class KnownImports: Sendable {
    private struct State {
        /// Nil until the repository is listed.
        var names: [Timestamp]?
        /// The sets that were read; nil for one of dr's own backups.
        var origins: [Timestamp: ImportedFrom?] = [:]
    }

    private let repository: Repository
    private let state = Mutex(State())

    /// Seconds around a time in which its set is searched: names in local time differ by up to a day.
    private static let window = 26 * 3600

    init(_ repository: Repository) { self.repository = repository }

    /// Records a set that this run wrote.
    func add(_ candidate: ForeignCandidate, as set: Timestamp) {
        let origin = ImportedFrom(
            format: "", from: candidate.from, files: candidate.parts.flatMap { $0.files.map(\.record) })
        state.withLock {
            $0.origins[set] = .some(origin)
            if $0.names?.contains(set) == false { $0.names?.append(set) }
        }
    }

    /// Returns the set that holds every file of the backup; nil if there is none.
    func set(holding candidate: ForeignCandidate) throws -> Timestamp? {
        let files = candidate.parts.flatMap { $0.files.map(\.record) }
        for name in try names() where abs(name.seconds - candidate.time.seconds) <= Self.window {
            guard let origin = try origin(of: name) else { continue }
            if files.allSatisfy({ file in origin.files.contains { $0.isSame(as: file) } }) { return name }
        }
        return nil
    }

    private func names() throws -> [Timestamp] {
        if let known = state.withLock({ $0.names }) { return known }
        let names = try repository.setNames()
        state.withLock { $0.names = names }
        return names
    }

    private func origin(of name: Timestamp) throws -> ImportedFrom? {
        if let known = state.withLock({ $0.origins[name] }) { return known }
        var origin: ImportedFrom?
        do { origin = try repository.set(name).imported } catch let error as RepositoryError
            where error.isUnreadable || error.reason == .noSuchSet
        {
            origin = nil
        }
        state.withLock { $0.origins[name] = .some(origin) }
        return origin
    }
}
