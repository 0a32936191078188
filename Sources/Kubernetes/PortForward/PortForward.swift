internal import Dispatch
internal import Documents
internal import FoundationEssentials
internal import Platform
internal import Synchronization

/// One `kubectl port-forward`, a child of this process.
///
/// kubectl chooses the local port and prints it: "Forwarding from 127.0.0.1:40123 -> 9090". It ends when the connection
/// to the pod is lost.
final class PortForward: Sendable {
    private enum State {
        case starting
        case ready(UInt16)
        case ended(any Error)
    }

    private let server: ClusterAddress
    private let state = Mutex(State.starting)
    private let changed = DispatchSemaphore(value: 0)
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// The longest wait for the port. kubectl has no time-out for a pod that does not run yet.
    private static let patience = Duration.seconds(30)

    init(_ server: ClusterAddress, environment: [String: String]) {
        self.server = server
        var program = Program(
            "kubectl", Self.arguments(for: server), environment: InheritedEnvironment.selected(from: environment),
            timeout: .seconds(30 * 86_400))
        program.input = .nothing
        let thread = BlockingPool(threads: 1)
        task.withLock {
            $0 = Task(executorPreference: thread) { [program, weak self] in
                let end = Result { try program.run { self?.read($0) } }
                self?.settle(end)
            }
        }
    }

    static func arguments(for server: ClusterAddress) -> [String] {
        let context = server.context.map { ["--context=\($0)"] } ?? []
        let target = "\(server.kind == .services ? "service" : "pod")/\(server.name)"
        return context + [
            "--namespace=\(server.namespace)", "port-forward", "--address=127.0.0.1", target, ":\(server.port)",
        ]
    }

    var hasEnded: Bool {
        state.withLock { if case .ended = $0 { true } else { false } }
    }

    func isAt(_ port: UInt16) -> Bool {
        state.withLock { if case .ready(port) = $0 { true } else { false } }
    }

    /// Blocks until kubectl has opened the port.
    func port() throws -> UInt16 {
        let deadline = ContinuousClock.now + Self.patience
        while true {
            switch state.withLock({ $0 }) {
            case .ready(let port): return port
            case .ended(let error): throw error
            case .starting:
                do { try Task.checkCancellation() } catch {
                    end()
                    throw error
                }
                guard ContinuousClock.now < deadline else {
                    end()
                    throw failure("no port was opened within 30 seconds", hint: "does its pod run?")
                }
                _ = changed.wait(timeout: .now() + .milliseconds(100))
            }
        }
    }

    func end() { task.withLock { $0?.cancel() } }

    private let printed = Mutex("")

    private func read(_ bytes: UnsafeRawBufferPointer) {
        let port = printed.withLock { printed -> UInt16? in
            printed = String((printed + String(decoding: bytes, as: UTF8.self)).suffix(4096))
            return Self.port(in: printed)
        }
        guard let port else { return }
        state.withLock { if case .starting = $0 { $0 = .ready(port) } }
        changed.signal()
    }

    /// Returns the port in kubectl's output, once its line is complete.
    static func port(in output: String) -> UInt16? {
        for line in output.split(separator: "\n").dropLast(output.hasSuffix("\n") ? 0 : 1) {
            guard line.hasPrefix("Forwarding from 127.0.0.1:") else { continue }
            return UInt16(line.dropFirst("Forwarding from 127.0.0.1:".count).prefix { $0.isNumber })
        }
        return nil
    }

    private func settle(_ end: Result<ProgramEnd, any Error>) {
        let reason: any Error
        switch end {
        case .success(let end): reason = KubectlFailure.error(operation, status: end.status, errors: end.errors)
        case .failure(let error as ProgramError):
            reason = failure(
                error.detail, hint: error.reason == .missing ? "install kubectl on this machine" : nil)
        case .failure(let error): reason = error
        }
        state.withLock { $0 = .ended(reason) }
        changed.signal()
    }

    private var operation: String { "kubectl port-forward \(server.kind.rawValue)/\(server.name)" }

    private func failure(_ detail: String, hint: String? = nil) -> KubernetesError {
        KubernetesError(.failed, operation: operation, detail, hint: hint)
    }
}
