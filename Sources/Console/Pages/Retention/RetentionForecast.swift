import BackupRepository
import Operations
import Platform
import Synchronization

/// The dry run of a prune, which the retention page shows. It is made in the background while a visitor looks at the page,
/// and kept, so that the page shows the last one while the store is away.
final class RetentionForecast: Sendable {
    struct Known: Sendable {
        var report: PruneReport?
        /// Seconds since the report was made.
        var age: Double?
        var problem: String?
        var isReading: Bool
    }

    private struct State {
        var report: PruneReport?
        var made: ContinuousClock.Instant?
        var tried: ContinuousClock.Instant?
        var problem: String?
        var isReading = false
    }

    private let session: Session
    private let state = Mutex(State())
    /// A dry run reads the documents of all sets, so it is not made for every visit.
    private static let life = Duration.seconds(120)
    private static let pause = Duration.seconds(20)

    init(_ session: Session) { self.session = session }

    /// Returns what is known, and starts a new dry run if it is old.
    func known() -> Known {
        let now = ContinuousClock.now
        let starts = state.withLock { state in
            let isOld = state.made.map { now - $0 > Self.life } ?? true
            guard isOld, !state.isReading, state.tried.map({ now - $0 > Self.pause }) ?? true else { return false }
            state.isReading = true
            state.tried = now
            return true
        }
        if starts { Task { [self] in await read() } }
        return state.withLock { state in
            Known(
                report: state.report, age: state.made.map { (now - $0) / .seconds(1) }, problem: state.problem,
                isReading: state.isReading)
        }
    }

    private func read() async {
        do {
            var prune = try session.prune(of: try await session.repository())
            prune.isDryRun = true
            let report = try await prune.run()
            state.withLock { state in
                state.report = report
                state.made = .now
                state.problem = nil
                state.isReading = false
            }
        } catch {
            state.withLock { state in
                state.problem = "\(error)"
                state.isReading = false
            }
        }
    }
}
