internal import Platform

/// The threads that parts and ranges travel on, shared by all stores of the process.
enum TransferThreads {
    /// More of them than a ``PartBudget`` has parts would find little to do.
    private static let pool = BlockingPool(threads: 6)

    /// Runs `body` aside; it may block. Cancelling the caller's task does not cancel it, cancelling the result does.
    static func start(_ body: @escaping @Sendable () -> Void) -> Task<Void, Never> {
        Task.detached(executorPreference: pool) { body() }
    }
}
