internal import Platform

/// The threads that transfer parts and ranges, shared by all stores of the process.
enum TransferThreads {
    /// As many as two packs have pieces in flight; more would be idle, for want of memory.
    private static let pool = BlockingPool(threads: 16)

    /// Runs `body`, which may block, on one of the threads. Cancelling the caller's task does not cancel it, cancelling
    /// the result does.
    static func start(_ body: @escaping @Sendable () -> Void) -> Task<Void, Never> {
        Task.detached(executorPreference: pool) { body() }
    }
}
