import Logging
import ObjectStorage
import Platform
import StackConfiguration

/// The limits of `dr.yaml` on the resources of a command.
extension Session {
    package enum Direction: Sendable { case backup, restore }

    /// The number of packs processed at the same time.
    package var lanes: Int { configuration.limits.parallelism ?? Self.coresUsed }

    /// Applies the limit of memory to this process.
    /// - Parameter count: the processes that share the memory.
    package func limitMemory(among count: Int = 1) {
        guard let memory = configuration.limits.memory else { return }
        SharedBudget.memory.limit = LimitsConfiguration.forContents(of: memory / max(count, 1))
    }

    /// Applies the priorities to this process, and returns the session with the speeds of the store.
    ///
    /// The priorities are those of a backup only: a recovery must be fast.
    /// - Parameter count: the processes that share the speeds.
    package func limited(_ direction: Direction, among count: Int = 1) -> Session {
        let limits = configuration.limits
        if direction == .backup { lowerPriorities(limits) }
        let sending = direction == .backup ? limits.bandwidth.backup : nil
        let receiving = direction == .restore ? limits.bandwidth.restore : nil
        guard sending != nil || receiving != nil else { return self }
        var session = self
        let (sendLimit, receiveLimit) = (
            sending.map { RateLimit(bytesPerSecond: $0) }, receiving.map { RateLimit(bytesPerSecond: $0) }
        )
        for limit in [sendLimit, receiveLimit] { limit?.share(among: count) }
        session.sending = sendLimit
        session.wrapsStore = { [wrapsStore] in
            PacedStore(wrapsStore($0), sending: sendLimit, receiving: receiveLimit)
        }
        return session
    }

    private func lowerPriorities(_ limits: LimitsConfiguration) {
        let output = Output(options: options)
        if let nice = limits.nice, !ProcessPriority.set(niceness: nice) {
            output.warn("limits: the system refused niceness \(nice)")
        }
        let io: ProcessPriority.IOClass? =
            switch limits.ionice {
            case .idle: .idle
            case .lowest: .lowest
            case nil: nil
            }
        if let io, !ProcessPriority.set(io: io) { output.warn("limits: the system refused the class of `ionice`") }
    }
}
