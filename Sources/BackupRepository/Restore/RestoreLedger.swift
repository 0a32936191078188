internal import Synchronization

/// The results of all lanes of a restore.
final class RestoreLedger: Sendable {
    private let mutex = Mutex((report: ComponentRestore.Report(), damage: [Damage]()))

    var report: ComponentRestore.Report { mutex.withLock { $0.report } }
    var damage: [Damage] { mutex.withLock { $0.damage } }

    func add(restored bytes: Int) {
        mutex.withLock {
            $0.report.files += 1
            $0.report.bytes += bytes
        }
    }

    func retract(restored bytes: Int) {
        mutex.withLock {
            $0.report.files -= 1
            $0.report.bytes -= bytes
        }
    }

    func add(reused bytes: Int) {
        mutex.withLock {
            $0.report.files += 1
            $0.report.bytes += bytes
            $0.report.reusedFiles += 1
            $0.report.reusedBytes += bytes
        }
    }

    func add(fetched bytes: Int) { mutex.withLock { $0.report.fetched += bytes } }
    func add(_ damage: Damage) { mutex.withLock { $0.damage.append(damage) } }
}
