import BackupRepository
import Platform

/// Checks which keys open the stored sets, now that the recipients of dr.yaml may be others.
struct EncryptionChecks {
    let repository: Repository
    let session: Session

    /// The newest set, and the number of all that are not encrypted to the configured recipients.
    func run() async throws -> [Check] {
        let names = try await session.pool.run { try repository.setNames() }
        let sets = try await repository.sets(names, pool: session.pool).sets.filter(repository.scope.owns)
        guard let newest = sets.last(where: { !repository.scope.isFuture($0, at: session.now()) }) else { return [] }
        let found = try await session.pool.run { try repository.encryption(of: sets) }
        guard let last = found[newest.name] else { return [] }
        var checks: [Check] = []
        if repository.encryption.recipients.isEmpty {
            checks.append(
                Check(
                    "recipients", verdict: .warning,
                    "dr.yaml has none, and set \(newest.name) is encrypted: the next backup is not"))
        } else {
            let remark = last.remark.map { "set \(newest.name) \($0)" }
            checks.append(
                Check(
                    "recipients", verdict: last.state == .current || last.state == .unknown ? .ok : .warning,
                    remark ?? "the newest set is encrypted to those of dr.yaml"))
        }
        for (state, words) in [(SetEncryption.State.clear, "packs without encryption"), (.other, "other recipients")] {
            let count = found.values.count { $0.state == state }
            guard count > 0 else { continue }
            let these = "\(Units.count(count, "set")) of \(found.count) \(count == 1 ? "has" : "have") \(words)"
            checks.append(
                Check("encryption", verdict: .warning, "\(these); `dr rekey` writes them to a new repository"))
        }
        return checks
    }
}
