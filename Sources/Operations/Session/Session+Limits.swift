import Logging
import ObjectStorage
import Platform
import StackConfiguration

/// The limits of `dr.yaml` on the resources of a command.
extension Session {
    package enum Direction: Sendable { case backup, restore }

    /// Applies the limits to this process, and returns the session with those of the store.
    ///
    /// The priorities are those of a backup only: a recovery must be fast.
    package func limited(_ direction: Direction) -> Session {
        let limits = configuration.limits
        if let memory = limits.memory {
            SharedBudget.memory.limit = LimitsConfiguration.forContents(of: memory)
            ProcessMemory.keepSmall()
        }
        if direction == .backup { lowerPriorities(limits) }
        let sending = direction == .backup ? limits.bandwidth.backup : nil
        let receiving = direction == .restore ? limits.bandwidth.restore : nil
        guard sending != nil || receiving != nil else { return self }
        var session = self
        let (sendLimit, receiveLimit) = (
            sending.map { RateLimit(bytesPerSecond: $0) }, receiving.map { RateLimit(bytesPerSecond: $0) }
        )
        session.wrapsStore = { [wrapsStore] in
            PacedStore(wrapsStore($0), sending: sendLimit, receiving: receiveLimit)
        }
        return session
    }

    private func lowerPriorities(_ limits: LimitsConfiguration) {
        if let nice = limits.nice, !ProcessPriority.set(niceness: nice) { logger.debug("limits: nice: refused") }
        let io: ProcessPriority.IOClass? =
            switch limits.ionice {
            case .idle: .idle
            case .lowest: .lowest
            case nil: nil
            }
        if let io, !ProcessPriority.set(io: io) { logger.debug("limits: ionice: refused") }
    }
}
