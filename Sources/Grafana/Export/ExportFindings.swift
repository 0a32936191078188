internal import BackupRepository
internal import Synchronization

/// The findings of an export besides the documents, collected from many threads.
final class ExportFindings: Sendable {
    struct State {
        var damage: [Damage] = []
        var warnings: [String] = []
        var withheld: [Withheld] = []
        /// Documents by kind: "dashboards".
        var counts: [String: Int] = [:]
        /// Kinds that this version of Grafana does not know.
        var absent: Set<String> = []
        /// Objects that were listed and then deleted, by kind.
        var vanished: [String: Int] = [:]
        /// Secrets to be stored, by the names that a restore uses.
        var secrets: [String: String] = [:]
        /// Contact points whose secrets stay in Grafana because the store is not encrypted.
        var unencrypted = 0
        /// The reasons why secrets of contact points could not be read, by organisation.
        var refusals: [String: String] = [:]
        /// Answers of 5xx in a row, after all tries.
        var failures = 0
    }

    private let mutex = Mutex(State())

    var state: State { mutex.withLock { $0 } }

    func damage(_ path: String, _ reason: String) {
        mutex.withLock { $0.damage.append(Damage(path: path, reason: reason)) }
    }

    func warn(_ text: String) { mutex.withLock { $0.warnings.append(text) } }
    func withhold(_ withheld: Withheld) { mutex.withLock { $0.withheld.append(withheld) } }
    func keep(_ name: String, secret: String) { mutex.withLock { $0.secrets[name] = secret } }
    func leaveUnencrypted(_ count: Int) { mutex.withLock { $0.unencrypted += count } }
    func refuseSecrets(of organization: String, _ reason: String) {
        mutex.withLock { $0.refusals[organization] = reason }
    }
    func isAbsent(_ kind: String) { mutex.withLock { _ = $0.absent.insert(kind) } }
    func hasVanished(_ kind: String) { mutex.withLock { $0.vanished[kind, default: 0] += 1 } }

    /// Records that a kind was listed: from now on, no object of it means that there is none, and not that the number
    /// is unknown.
    func wasListed(_ kind: String) { mutex.withLock { $0.counts[kind, default: 0] += 0 } }

    func count(_ kind: String) {
        mutex.withLock {
            $0.counts[kind, default: 0] += 1
            $0.failures = 0
        }
    }

    /// - Returns: the number of consecutive objects that the server failed to return.
    func noteFailure() -> Int {
        mutex.withLock {
            $0.failures += 1
            return $0.failures
        }
    }

    /// Adds the findings of one organisation.
    func merge(_ other: ExportFindings) {
        let other = other.state
        mutex.withLock {
            $0.damage += other.damage
            $0.warnings += other.warnings
            $0.withheld += other.withheld
            $0.secrets.merge(other.secrets) { $1 }
            $0.unencrypted += other.unencrypted
            $0.refusals.merge(other.refusals) { $1 }
            $0.counts.merge(other.counts, uniquingKeysWith: +)
            $0.absent.formUnion(other.absent)
            $0.vanished.merge(other.vanished, uniquingKeysWith: +)
        }
    }
}
