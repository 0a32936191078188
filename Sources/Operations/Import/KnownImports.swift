import BackupRepository
import Platform
import StackConfiguration
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
    /// - Parameter components: those that the set holds.
    func add(_ candidate: ForeignCandidate, as set: Timestamp, holding components: Set<String>) {
        let parts = candidate.parts.filter { components.contains($0.component.name) }
        let origin = ImportedFrom(
            format: "", from: candidate.from, files: parts.flatMap { $0.files.map(\.record) })
        state.withLock {
            $0.origins[set] = .some(origin)
            if $0.names?.contains(set) == false { $0.names?.append(set) }
        }
    }

    /// Returns the parts of a backup that no set holds, and the set that holds the others.
    func missing(of candidate: ForeignCandidate) throws -> (parts: [ForeignCandidate.Part], holder: Timestamp?) {
        var (missing, holder) = ([ForeignCandidate.Part](), Timestamp?.none)
        for part in candidate.parts {
            if let set = try set(holding: part.files.map(\.record), near: candidate.time) {
                holder = holder ?? set
            } else {
                missing.append(part)
            }
        }
        return (missing, holder)
    }

    private func set(holding files: [ImportedFrom.File], near time: Timestamp) throws -> Timestamp? {
        for name in try names() where abs(name.seconds - time.seconds) <= Self.window {
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
        do {
            let set = try repository.set(name)
            origin = set.imported
            // A component that could not be stored is imported again.
            origin?.files.removeAll { set.components[$0.component] == nil }
        } catch let error as RepositoryError where error.isUnreadable || error.reason == .noSuchSet {
            origin = nil
        }
        state.withLock { $0.origins[name] = .some(origin) }
        return origin
    }
}
