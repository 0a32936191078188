import Synchronization

/// A flag that is set once.
final class Flag: Sendable {
    private let isSet = Mutex(false)

    /// - Returns: true for the first call.
    func set() -> Bool {
        isSet.withLock { isSet in
            defer { isSet = true }
            return !isSet
        }
    }
}
