package import Metrics
import ObjectStorage
import Platform
import Synchronization

/// The metrics of a stack for a server that is scraped: those that the runs of this machine recorded, with the present
/// state of the backups and the server's own requests to the store.
///
/// The state is read in the background, at most once a minute; a scrape waits some seconds for it. While the
/// store is away, the last one stays.
package final class ServedMetrics: Sendable {
    private struct State {
        var book = MetricBook()
        var read: ContinuousClock.Instant?
        var isReading = false
    }

    private let session: Session
    private let state = Mutex(State())
    private static let lifetime = Duration.seconds(60)
    /// The time that a scrape waits for a state that is not old: Prometheus waits 10 seconds by default.
    private static let patience = Duration.seconds(8)

    package init(_ session: Session) {
        var session = session
        session.collected = RunFamilies()
        session.storeUse = StoreUse()
        self.session = session
    }

    package func families() async -> [MetricFamily] {
        let waits = refreshIfOld()
        let deadline = ContinuousClock.now + Self.patience
        while waits, state.withLock({ $0.isReading }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        var own = session
        own.collected = RunFamilies()
        own.noteStoreUse()
        own.noteObjectives()
        own.collected.note(.replace(own.samples.one(.buildInfo, 1, labels: ["version": Release.version])))
        let path = session.metricsRecordPath
        let recorded = await session.pool.run { MetricsRecord.read(path)?.book }
        var book = recorded ?? MetricBook()
        book.keep(only: Set(MetricDefinition.all.map(\.name)))
        for family in state.withLock({ $0.book.families }) { book.replace(family) }
        for change in own.collected.all { book.apply(change) }
        return book.ordered
    }

    /// - Returns: true if the known state is too old, or there is none.
    private func refreshIfOld() -> Bool {
        let (begins, isOld) = state.withLock { state in
            let isOld = state.read.map { ContinuousClock.now - $0 > Self.lifetime } ?? true
            guard isOld, !state.isReading else { return (false, isOld) }
            state.isReading = true
            return (true, true)
        }
        if begins { Task { await refresh() } }
        return isOld
    }

    private func refresh() async {
        var session = session
        session.collected = RunFamilies()
        let isRead: Bool
        do {
            try await session.readStack(session.repository())
            isRead = true
        } catch { isRead = false }
        state.withLock { state in
            state.isReading = false
            state.read = .now
            // A part of a state would mix two moments.
            guard isRead else { return }
            var book = MetricBook()
            for change in session.collected.all { book.apply(change) }
            state.book = book
        }
    }
}
