internal import Dispatch
internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import Synchronization

/// One `kubectl proxy`, a child of this process: the API of a cluster on a Unix socket in a private folder.
///
/// kubectl logs in, and renews its credentials. One child serves any number of requests, while a kubectl for each
/// request would take a hundred times longer.
final class APIProxy: Sendable {
    private enum State {
        case starting, ready
        case ended(any Error)
    }

    private let folder: String
    private let state = Mutex(State.starting)
    private let changed = DispatchSemaphore(value: 0)
    private let task = Mutex<Task<Void, Never>?>(nil)
    private let printed = Mutex("")

    /// The longest wait for the socket: a log-in program may ask an identity provider.
    private static let patience = Duration.seconds(60)
    private static let operation = "kubectl proxy"

    /// - Throws: ``KubernetesError`` if the folder for the socket cannot be created.
    init(_ kubectl: Kubectl) throws {
        // A path of a socket has at most 107 bytes, so that the folder is not below TMPDIR.
        var template = Array("/tmp/dr-api-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw KubernetesError(
                .failed, operation: Self.operation, "no folder for its socket: \(String(cString: strerror(errno)))")
        }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var program = kubectl.command(["proxy", "--append-server-path", "--unix-socket=\(folder)/socket"]).program
        program.timeout = .seconds(30 * 86_400)
        let thread = BlockingPool(threads: 1)
        task.withLock {
            $0 = Task(executorPreference: thread) { [program, weak self] in
                let end = Result { try program.run { self?.read($0) } }
                self?.settle(end)
            }
        }
    }

    deinit { end() }

    var hasEnded: Bool {
        state.withLock { if case .ended = $0 { true } else { false } }
    }

    /// Blocks until kubectl serves the socket.
    /// - Returns: the path of the socket.
    func socket() throws -> String {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            switch state.withLock({ $0 }) {
            case .ready: return "\(folder)/socket"
            case .ended(let error): throw error
            case .starting:
                try Task.checkCancellation()
                guard ContinuousClock.now < deadline else {
                    end()
                    throw KubernetesError(.failed, operation: Self.operation, "it did not start within 60 seconds")
                }
                _ = changed.wait(timeout: .now() + .milliseconds(20))
            }
        }
    }

    /// Ends kubectl, and removes its socket.
    func end() {
        task.withLock { $0?.cancel() }
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func read(_ bytes: UnsafeRawBufferPointer) {
        let isReady = printed.withLock { printed in
            printed = String((printed + String(decoding: bytes, as: UTF8.self)).suffix(4096))
            return printed.contains("Starting to serve on")
        }
        guard isReady else { return }
        state.withLock { if case .starting = $0 { $0 = .ready } }
        changed.signal()
    }

    private func settle(_ end: Result<ProgramEnd, any Error>) {
        let reason: any Error
        switch end {
        case .success(let end): reason = KubectlFailure.error(Self.operation, status: end.status, errors: end.errors)
        case .failure(let error as ProgramError):
            let isMissing = error.reason == .missing
            reason = KubernetesError(
                isMissing ? .hopeless : .failed, operation: Self.operation, error.detail,
                hint: isMissing ? "install kubectl on this machine" : nil)
        case .failure(let error): reason = error
        }
        state.withLock { $0 = .ended(reason) }
        changed.signal()
    }
}
