import Platform
import Synchronization

/// The reason why a part of the readiness check has no answer.
struct NoAnswer: Error, Equatable, CustomStringConvertible {
    var description: String
}

/// Runs work for a limited time. Work that does not react to its cancellation, such as a read of a network file system
/// that hangs, is left behind.
enum TimeBound {
    /// - Throws: ``NoAnswer`` after the limit, or with the text of the work's error; `CancellationError` if the caller is
    ///   cancelled.
    static func run<Value: Sendable>(
        _ limit: Duration, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let race = Race<Value>()
        let worker = Task {
            do { race.end(.success(try await work())) } catch { race.end(.failure(NoAnswer(description: "\(error)"))) }
        }
        let timer = Task {
            try? await Task.sleep(for: limit)
            race.end(.failure(NoAnswer(description: "no answer within \(Units.duration(limit / .seconds(1)))")))
        }
        defer {
            worker.cancel()
            timer.cancel()
        }
        let result = await withTaskCancellationHandler {
            await race.result()
        } onCancel: {
            worker.cancel()
            race.end(.failure(NoAnswer(description: "interrupted")))
        }
        try Task.checkCancellation()
        return try result.get()
    }
}

/// The first result of several tasks.
private final class Race<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, NoAnswer>?
        var waiter: CheckedContinuation<Result<Value, NoAnswer>, Never>?
    }

    private let state = Mutex(State())

    func end(_ result: Result<Value, NoAnswer>) {
        let waiter = state.withLock { state in
            guard state.result == nil else { return nil as CheckedContinuation<Result<Value, NoAnswer>, Never>? }
            state.result = result
            return state.waiter
        }
        waiter?.resume(returning: result)
    }

    func result() async -> Result<Value, NoAnswer> {
        await withCheckedContinuation { waiter in
            let known = state.withLock { state in
                if state.result == nil { state.waiter = waiter }
                return state.result
            }
            if let known { waiter.resume(returning: known) }
        }
    }
}
