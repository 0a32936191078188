internal import Documents
internal import Foundation
internal import Synchronization

/// A pod on a node, with a thread that runs it.
final class PodRunner: Sendable {
    enum Order: Sendable {
        case run
        /// Ends the containers and deletes the object.
        case delete
        /// Ends the containers: the object no longer exists.
        case vanish
        /// Kills the containers without a word to the API server.
        case lose
    }

    let context: KubeletContext
    let node: String
    let folder: String
    private struct State {
        var pod: PodObject
        var order = Order.run
        var hasEnded = false
        var processes: [String: ContainerProcess] = [:]
        var logs: [String: [String]] = [:]
    }
    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)

    init(_ pod: PodObject, on node: String, _ context: KubeletContext) {
        self.context = context
        self.node = node
        folder = context.folder.appending(path: "pods/\(pod.uid)").path
        state = Mutex(State(pod: pod))
        Thread { [self] in
            PodMachine(self).run()
            state.withLock { state in
                state.hasEnded = true
                state.processes = [:]
            }
        }.start()
    }

    var pod: PodObject { state.withLock { $0.pod } }
    var order: Order { state.withLock { $0.order } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func update(_ pod: PodObject) {
        state.withLock { state in
            state.pod = pod
            if pod.isBeingDeleted, state.order == .run { state.order = .delete }
        }
        if pod.isBeingDeleted { wake.signal() }
    }

    /// The object is gone.
    func vanish() { give(.vanish) }

    func lose() { give(.lose) }

    private func give(_ order: Order) {
        state.withLock { state in
            if state.order != .lose { state.order = order }
        }
        wake.signal()
    }

    func pause() { _ = wake.wait(timeout: .now() + .milliseconds(50)) }

    func register(_ container: String, _ process: ContainerProcess?) {
        state.withLock { state in
            state.processes[container] = process
            if let process { state.logs[container, default: []].append(process.log) }
        }
    }

    func process(_ container: String) -> ContainerProcess? { state.withLock { $0.processes[container] } }

    /// The logs of a container's runs, the oldest first.
    func logs(_ container: String) -> [String] { state.withLock { $0.logs[container, default: []] } }
}
