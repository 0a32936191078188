import BackupRepository
import Documents
import Kubernetes
import Platform

/// Requests that wait for an API server that is away, as during an upgrade of the control plane.
extension Kubectl {
    /// The time for which dr waits for the API server.
    private static var patience: Duration { .seconds(300) }

    /// Repeats requests until the API server answers.
    /// - Parameters:
    ///   - limit: the time after which the error is thrown.
    ///   - denial: the same for an API server that refuses the credentials. A run whose first requests were accepted
    ///     waits: credentials are renewed.
    ///   - tell: receives one line when the wait begins.
    func patiently<Value>(
        within limit: Duration = Self.patience, deniedWithin denial: Duration = .zero,
        tell: (String) -> Void = { _ in }, _ body: () async throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + limit
        var denialDeadline: ContinuousClock.Instant?
        var pause = Duration.milliseconds(500)
        var isTold = false
        while true {
            do { return try await body() } catch let error as KubernetesError where error.isAway || error.isDenied {
                var end = deadline
                if error.isDenied { end = min(end, denialDeadline ?? .now + denial) }
                denialDeadline = error.isDenied ? end : nil
                guard ContinuousClock.now < end else { throw error }
                if !isTold {
                    let left = Int((end - .now).components.seconds)
                    let time = Timestamp(seconds: WallClock.system.seconds.addingClamped(left))
                    let fact = error.isDenied ? "refuses the credentials" : "does not answer"
                    tell("the API server \(fact); dr tries until \(time.readable) UTC: \(error.detail)")
                }
                isTold = true
                try await Task.sleep(for: min(pause, max(.zero, end - .now)))
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// Returns the namespace if the cluster does not have it; nil if it has it, or does not let dr know.
    func missingNamespace(_ name: String?) async -> String? {
        guard let name, case .some(.none) = try? await object("namespace/\(name)") else { return nil }
        return name
    }

    /// Creates an object whose name no other run uses.
    func create(_ document: JSONValue) async throws {
        var attempts = 0
        try await patiently {
            attempts += 1
            do {
                // The server checks the fields. kubectl would first fetch the definitions of all types.
                try await run(["create", "--validate=ignore", "--filename", "-"], input: document.compact)
            } catch let error as KubernetesError where attempts > 1 && error.detail.contains("(AlreadyExists)") {
                // The answer to an earlier attempt was lost.
            }
        }
    }
}

extension KubernetesError {
    fileprivate var isAway: Bool {
        let signs = ["Client.Timeout", "deadline exceeded", "i/o timeout", "unexpected EOF"]
        return isUnreachable || signs.contains { detail.contains($0) }
    }
}
