import Blocking
import Repository

extension Session {
    /// The set that is meant, proved to be readable. Where it is not, the newest good one is named, with what it costs.
    /// - Throws: `RepositoryError` `.damaged`, with the offer as its hint.
    func recoverableSet(_ selector: SetSelector, _ repository: Repository) async throws -> BackupSet {
        let known = try? state(of: repository).lastSet()
        return try await pool.run {
            let names = try repository.setNames(including: known)
            let name = try selector.resolve(in: names, now: Self.now())
            do {
                return try readable(name, repository)
            } catch let error as RepositoryError where error.reason == .damaged {
                throw offer(error, instead: name, names, repository)
            }
        }
    }

    /// Reads the set and every manifest that it names.
    private func readable(_ name: Timestamp, _ repository: Repository) throws -> BackupSet {
        let set = try repository.set(name)
        for component in set.components.keys.sorted() { _ = try repository.manifest(component, of: set) }
        return set
    }

    private func offer(
        _ error: RepositoryError, instead name: Timestamp, _ names: [Timestamp], _ repository: Repository
    ) -> RepositoryError {
        var error = error
        let older = names.reversed().drop { $0 >= name }
        // The nearest few: on the worst day nobody waits for a walk through seven years.
        let good = older.prefix(50).first { (try? readable($0, repository)) != nil }
        error.hint =
            good.map { good in
                let loss = Units.duration(seconds: name.seconds - good.seconds)
                return "the newest good set before it is \(good), \(loss) older: --at \(good) takes it, at the cost of "
                    + "that much more data"
            } ?? "no good set was found before it; `dr verify` looks at all"
        return error
    }
}
