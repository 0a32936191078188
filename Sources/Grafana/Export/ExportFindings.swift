internal import BackupRepository
internal import Synchronization

/// What an export learns beside the documents, collected from many threads.
final class ExportFindings: Sendable {
    struct State {
        var damage: [Damage] = []
        var warnings: [String] = []
        var withheld: [Withheld] = []
        /// Documents by kind: "dashboards".
        var counts: [String: Int] = [:]
        /// Kinds that this version of Grafana does not know.
        var absent: Set<String> = []
        /// Objects that were listed and then gone, by kind.
        var vanished: [String: Int] = [:]
        /// Secrets to be stored, by the names that a restore looks for.
        var secrets: [String: String] = [:]
        /// Contact points whose secrets stay in Grafana because the store is not encrypted.
        var unencrypted = 0
        /// Why secrets of contact points could not be had, by organisation.
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

    /// That a kind was listed: from now on none of it means that there is none, and not that nobody knows.
    func wasListed(_ kind: String) { mutex.withLock { $0.counts[kind, default: 0] += 0 } }

    func count(_ kind: String) {
        mutex.withLock {
            $0.counts[kind, default: 0] += 1
            $0.failures = 0
        }
    }

    /// - Returns: how many objects in a row the server failed to give.
    func noteFailure() -> Int {
        mutex.withLock {
            $0.failures += 1
            return $0.failures
        }
    }

    /// Takes over what another one, of one organisation, has learnt.
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
