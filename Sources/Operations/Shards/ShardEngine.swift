import BackupRepository
import Platform

/// Starts the workers of a component's shards, and tells how they do. It does not decide what they stored: only their
/// results in the store do.
protocol ShardEngine: Sendable {
    /// Who stores what the shards did not, for messages.
    var rest: String { get }

    /// The time between two looks at workers that run.
    var pause: Duration { get }

    /// Starts a worker for each shard.
    func start() async throws

    func state() async -> ShardsState

    /// Returns the progress of those workers that tell it.
    func progress() async -> [WorkProgress.State]

    /// Returns why workers left no result, as far as it is known.
    func reasons() async -> ShardReasons

    /// Ends the workers, and removes what was made for them, in a bounded time. Also in a cancelled task.
    /// - Returns: what could not be ended, for people.
    func remove() async -> [String]
}

/// The workers at one look.
enum ShardsState: Equatable, Sendable {
    /// - Parameter isAny: false while no worker has started, or none is left and new ones are to come.
    case running(isAny: Bool)
    /// No worker runs, and none is to come.
    case ended
    /// The engine does not answer. The workers work all the same.
    case unknown
}

struct ShardReasons: Sendable {
    /// By the index of the shard.
    private var reasons: [Int: String]
    /// The reason of a worker that may still run.
    let silence: String

    init(_ reasons: [Int: String] = [:], silence: String = "its worker left no result") {
        (self.reasons, self.silence) = (reasons, silence)
    }

    subscript(index: Int) -> String? { reasons[index] }
}
