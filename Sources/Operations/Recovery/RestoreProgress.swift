package import BackupRepository
import Platform
package import RecoveryPlan
import Synchronization

/// The progress of the running restores, by component.
package final class RestoreProgress: Sendable {
    private struct Work {
        var component: String
        var progress: WorkProgress
        /// Measurements of the last seconds, for the rate.
        var samples: [(seconds: Double, bytes: Int)] = []

        mutating func measure(_ bytes: Int, now: Double) {
            // A new phase counts from zero.
            if let last = samples.last, bytes < last.bytes { samples = [] }
            if let last = samples.last, now - last.seconds < RestoreProgress.spacing { return }
            samples.append((now, bytes))
            samples.removeAll { now - $0.seconds > RestoreProgress.window }
        }

        /// Bytes a second.
        var rate: Double? {
            guard let first = samples.first, let last = samples.last, last.seconds > first.seconds,
                last.bytes > first.bytes
            else { return nil }
            return Double(last.bytes - first.bytes) / (last.seconds - first.seconds)
        }
    }

    private let running = Mutex<[Work]>([])
    /// Seconds over which the rate is measured.
    private static let window = 12.0
    /// Seconds between two measurements.
    private static let spacing = 0.5

    package init() {}

    package func begin(_ component: String, _ progress: WorkProgress) {
        running.withLock { $0.append(Work(component: component, progress: progress)) }
    }

    package func end(_ component: String) { running.withLock { $0.removeAll { $0.component == component } } }

    /// Returns the running restores with their throughput. Each call measures.
    /// - Parameter now: a reading of the monotonic clock.
    package func transfers(now: Double) -> [WatchedTransfer] {
        running.withLock { running in
            running.indices.map { index in
                let state = running[index].progress.state
                running[index].measure(state.bytes, now: now)
                var transfer = WatchedTransfer(component: running[index].component, phase: state.phase)
                transfer.files = state.files
                transfer.totalFiles = state.totalFiles
                transfer.bytes = state.bytes
                transfer.totalBytes = state.totalBytes
                transfer.rate = running[index].rate
                return transfer
            }
        }
    }

    /// One line of text for each restore.
    package var lines: [String] {
        running.withLock { $0.map { Self.line($0.component, $0.progress.state) } }
    }

    private static func line(_ component: String, _ state: WorkProgress.State) -> String {
        var line = "\(component): \(state.phase.isEmpty ? "restoring" : state.phase)"
        if state.totalBytes > 0 {
            line += " \(Units.bytes(state.bytes)) of \(Units.bytes(state.totalBytes))"
            line += " (\(Units.percent(min(state.bytes, state.totalBytes), of: state.totalBytes)))"
        } else if state.totalFiles > 0 {
            line += " \(state.files) of \(state.totalFiles)"
        }
        return line
    }
}
