internal import Dispatch

extension DispatchSemaphore {
    /// A semaphore that can be freed while permits are taken: the system ends a program that frees one whose value is
    /// lower than at its start.
    static func permits(_ count: Int) -> DispatchSemaphore {
        let semaphore = DispatchSemaphore(value: 0)
        for _ in 0..<count { semaphore.signal() }
        return semaphore
    }
}
