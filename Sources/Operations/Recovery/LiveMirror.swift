package import BackupRepository
import FoundationEssentials
import ObjectStorage
import Platform
package import RecoveryPlan
import Synchronization

/// Copies the state of a run to its folder and to the store while it runs, so that `dr serve` on any machine shows it.
///
/// The copies never delay the run and never make it fail: they are written on threads of their own, at most every two
/// seconds, and a store that refuses them or does not answer is left alone.
package final class LiveMirror: Sendable {
    /// The times between two copies.
    package struct Pace: Sendable {
        /// After an event.
        package var least = Duration.seconds(2)
        /// Without events, so that a reader sees that the run is alive, and the transfers.
        package var heartbeat = Duration.seconds(5)
        /// The first wait after a failed write; it doubles up to ``longestWait``.
        package var firstWait = Duration.seconds(10)
        package var longestWait = Duration.seconds(300)
        /// The time that the end of a run waits for its last copy.
        package var patience = Duration.seconds(3)

        package init() {}
    }

    /// The name of the copy in the folder of the run, beside the journal.
    package static let fileName = "live.json"

    private struct State {
        var isEnding = false
        /// The number of copies that are still being kept.
        var open = 0
    }

    private let follower: RunFollower
    private let folder: String?
    /// Writes the two forms of the document to the store.
    private let send: (@Sendable (_ run: String, _ whole: String, _ open: String) throws -> Void)?
    private let pace: Pace
    private let state = Mutex(State())
    private let threads = BlockingPool(threads: 2)

    /// - Parameters:
    ///   - folder: the folder of the run; nil for no local copy.
    ///   - send: blocks; called by one thread at a time. Nil for no copy in the store.
    package init(
        _ follower: RunFollower, folder: String?, pace: Pace = Pace(),
        send: (@Sendable (_ run: String, _ whole: String, _ open: String) throws -> Void)?
    ) {
        self.follower = follower
        self.folder = folder
        self.pace = pace
        self.send = send
    }

    /// Sends the copies to the marks of a repository.
    static func sender(
        to repository: Repository, tool: String, clock: WallClock = .system
    ) -> @Sendable (String, String, String) throws -> Void {
        { (run: String, whole: String, open: String) throws in
            try Marks(repository).putLive(
                run: run, at: Timestamp(seconds: clock.seconds), tool: tool, whole: whole, open: open)
        }
    }

    /// Writes the last copy of a drill again, with the verdict of its evidence. Failures are ignored: the copy is not
    /// evidence.
    package static func publish(
        verdict: String, of journal: String, in session: Session, to repository: Repository
    ) async {
        let send = sender(to: repository, tool: Release.tool, clock: session.clock)
        _ = try? await TimeBound.run(.seconds(3)) {
            try await session.pool.run {
                guard let data = try? Data(contentsOf: URL(filePath: journal)),
                    var run = JournalGlance([UInt8](data))?.run
                else { return }
                run.verdict = verdict
                try send(
                    run.id, String(decoding: run.document(), as: UTF8.self),
                    String(decoding: run.withoutTexts().document(), as: UTF8.self))
            }
        }
    }

    /// Keeps the copies while `body` runs. Both show its end afterwards, if the store answers soon.
    package func during<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        let copies = [write, sendsToStore].compactMap { $0 }
        state.withLock { $0.open = copies.count }
        let tasks = copies.map { copy in
            Task {
                await keep(copy)
                state.withLock { $0.open -= 1 }
            }
        }
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await finish(tasks)
        return try result.get()
    }

    private func finish(_ tasks: [Task<Void, Never>]) async {
        state.withLock { $0.isEnding = true }
        // An operator who interrupts a run does not wait for its copies.
        let patience = Task.isCancelled ? min(pace.patience, .milliseconds(500)) : pace.patience
        // In a separate task, because a cancelled one does not sleep.
        await Task {
            let start = ContinuousClock.now
            while state.withLock({ $0.open > 0 }), ContinuousClock.now - start < patience {
                try? await Task.sleep(for: .milliseconds(20))
            }
        }.value
        for task in tasks { task.cancel() }
    }

    /// Writes copies until the run has ended, or the store refuses them.
    private func keep(_ copy: @Sendable (WatchedRun) throws -> Void) async {
        var sent = -1
        var last: ContinuousClock.Instant?
        var wait = pace.firstWait
        var notBefore = ContinuousClock.now
        while !Task.isCancelled {
            let isEnding = state.withLock { $0.isEnding }
            let events = follower.events
            let now = ContinuousClock.now
            let passed = last.map { now - $0 } ?? .seconds(86_400)
            let isDue = events != sent && (passed >= pace.least || isEnding) || !isEnding && passed >= pace.heartbeat
            if isDue, isEnding || now >= notBefore, let run = follower.run() {
                last = now
                do {
                    try await threads.run { try copy(run) }
                    sent = events
                    wait = pace.firstWait
                } catch let error as ObjectStoreError where error.reason == .denied || error.reason == .alreadyExists {
                    // The credentials of a restore may not write: that is as intended.
                    return
                } catch is CancellationError { return } catch {
                    notBefore = ContinuousClock.now.advanced(by: wait)
                    wait = min(wait * 2, pace.longestWait)
                }
            }
            if isEnding { return }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Copies

    private var write: (@Sendable (WatchedRun) throws -> Void)? {
        guard let folder else { return nil }
        let path = "\(folder)/\(Self.fileName)"
        return { run in try OutputFile.write(try run.document(), to: path, mode: 0o600, links: .refuse) }
    }

    private var sendsToStore: (@Sendable (WatchedRun) throws -> Void)? {
        guard let send else { return nil }
        return { run in
            let whole = String(decoding: try run.document(), as: UTF8.self)
            let open = String(decoding: try run.withoutTexts().document(), as: UTF8.self)
            try send(run.id, whole, open)
        }
    }
}

extension WatchedRun {
    /// Encodes the run as JSON with sorted keys.
    package func document() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }

    /// Decodes a run of another process, within its bounds.
    /// - Returns: nil if it is not a document of a run.
    package init?(document: some Sequence<UInt8>) {
        let data = Data(document)
        guard data.count <= Self.longestDocument, let run = try? JSONDecoder().decode(Self.self, from: data) else {
            return nil
        }
        self = run.bounded()
    }

    private static let longestDocument = 1 << 20
}
