import Dispatch
import FoundationEssentials
import Synchronization

/// A fixed set of threads for calls that block: libcurl, libarchive, fsync.
///
/// Swift's cooperative pool has one thread per core and must never wait in C; this pool may.
package final class BlockingPool: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let available = DispatchSemaphore(value: 0)

    /// - Parameter threads: the number of blocking calls that can run at once. The threads live as long as the process.
    package init(threads: Int) {
        precondition(threads > 0)
        for _ in 0..<threads { DetachedThread.start { [self] in work() } }
    }

    /// Runs `body` on one of the pool's threads while the caller's task is suspended.
    package func run<Value: Sendable, Failure: Error>(
        _ body: @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await withTaskExecutorPreference(self, isolation: nil) { () throws(Failure) -> Value in try body() }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        available.signal()
    }

    private func work() {
        while true {
            available.wait()
            let job = jobs.withLock { $0.removeFirst() }
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
