package import Platform
internal import Synchronization

extension Repository {
    /// Reads many sets concurrently, because each needs a request.
    /// - Returns: the readable ones in the order of `names`, without their configuration, and the reasons for the others.
    package func sets(_ names: [Timestamp], pool: BlockingPool) async throws -> (
        sets: [BackupSet], unreadable: [(name: Timestamp, reason: String)]
    ) {
        let void = try await pool.run { try VoidRuns(listing: self) }
        let found = Mutex([Timestamp: Result<BackupSet, RepositoryError>]())
        try await names.concurrentForEach(limit: 8) { name in
            try await pool.run {
                do {
                    var set = try set(name, void: void)
                    set.recovery = nil  // the largest part of a set, and no list shows it
                    let read = set
                    found.withLock { $0[name] = .success(read) }
                } catch let error as RepositoryError where error.reason == .noSuchSet {
                    return  // a prune removed it after the listing, or it was never valid
                } catch let error as RepositoryError where error.reason != .encrypted || encryption.opensDocuments {
                    found.withLock { $0[name] = .failure(error) }
                }
            }
        }
        let results = found.withLock { $0 }
        var sets: [BackupSet] = []
        var unreadable: [(name: Timestamp, reason: String)] = []
        for name in names {
            switch results[name] {
            case .success(let set): sets.append(set)
            case .failure(let error): unreadable.append((name, error.detail))
            case nil: break
            }
        }
        return (sets, unreadable)
    }
}
