internal import Glibc

/// Sleeps on the calling thread, in slices short enough that a cancelled task ends within 50 ms.
///
/// For retries inside blocking code; `Task.isCancelled` is true on a pool thread when its task was cancelled.
/// - Throws: `CancellationError` as soon as the current task is cancelled.
package func sleepUnlessCancelled(_ duration: Duration) throws {
    let deadline = ContinuousClock.now + duration
    while true {
        try Task.checkCancellation()
        let left = deadline - .now
        guard left > .zero else { return }
        let slice = min(left, .milliseconds(50))
        usleep(UInt32(slice / .microseconds(1)))  // checked: at most 50 ms
    }
}
