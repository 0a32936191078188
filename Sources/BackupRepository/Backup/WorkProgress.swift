internal import Synchronization

/// The progress of a long operation: the operation writes it, and a display reads it at its own pace.
package final class WorkProgress: Sendable {
    package struct State: Codable, Equatable, Sendable {
        /// The present phase, for people: "scanning", "storing".
        package var phase = ""
        package var files = 0, totalFiles = 0
        package var bytes = 0, totalBytes = 0
        /// Bytes sent to or received from the store.
        package var transferred = 0
    }

    private let mutex = Mutex(State())
    private let waits = Mutex(0)

    package init() {}

    /// True while some of the work waits for what other work holds.
    var isWaiting: Bool { waits.withLock { $0 } > 0 }

    /// Begins a wait. It lasts until the result is told to end, or released.
    package func beginWait() -> Wait { Wait(of: self) }

    package final class Wait: Sendable {
        private let progress: WorkProgress
        private let isOver = Mutex(false)

        fileprivate init(of progress: WorkProgress) {
            self.progress = progress
            progress.waits.withLock { $0 += 1 }
        }

        package func end() {
            let wasOver = isOver.withLock { isOver in
                defer { isOver = true }
                return isOver
            }
            if !wasOver { progress.waits.withLock { $0 -= 1 } }
        }

        deinit { end() }
    }

    package var state: State { mutex.withLock { $0 } }
    /// Resets the progress for another phase.
    package func begin(_ phase: String) { mutex.withLock { $0 = State(phase: phase) } }
    package func update(_ change: (inout sending State) -> Void) { mutex.withLock { change(&$0) } }
}

extension WorkProgress.State {
    /// The beginning of a phase.
    package init(of phase: String) { self.init(phase: phase) }

    private enum Keys: String, CodingKey { case phase, files, totalFiles, bytes, totalBytes, transferred }

    /// No work has more than this of anything, so that sums and differences of counts fit.
    private static let largest = 1 << 56
    private static let longestPhase = 200

    /// Decodes the progress of another process, which is data from outside.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        func count(_ key: Keys) throws -> Int { min(max(try values.decode(Int.self, forKey: key), 0), Self.largest) }
        self.init(
            phase: String(try values.decode(String.self, forKey: .phase).prefix(Self.longestPhase)),
            files: try count(.files), totalFiles: try count(.totalFiles), bytes: try count(.bytes),
            totalBytes: try count(.totalBytes), transferred: try count(.transferred))
    }
}
