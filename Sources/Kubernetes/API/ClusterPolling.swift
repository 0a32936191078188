package import Documents

/// Repeats a look at a cluster until it shows the wanted state. Controllers report their work seconds after it is done.
package struct ClusterPolling: Sendable {
    package let deadline: ContinuousClock.Instant

    package init(within: Period) {
        deadline = .now + within.duration
    }

    /// - Parameter look: returns nil while the state is another one.
    /// - Returns: nil if the state is not reached in time.
    package func first<Value>(_ look: () async throws -> Value?) async throws -> Value? {
        var pause = Duration.milliseconds(200)
        while true {
            if let value = try await look() { return value }
            guard .now + pause < deadline else { return nil }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
    }
}
