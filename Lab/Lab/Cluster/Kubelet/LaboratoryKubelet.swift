package import Foundation
internal import Documents
internal import Synchronization

/// A kubelet for several nodes on this machine, which runs the containers of pods as local processes.
///
/// It uses the API server as a real kubelet does, so it works with a real API server too. Each container has namespaces
/// for mounts, processes and the host name; all share the network of this machine, so that a container's port is
/// reachable at 127.0.0.1 and as the name of its Service. It needs root.
package final class LaboratoryKubelet: Sendable {
    package let nodes: [String]
    private let context: KubeletContext
    private let temporary: TemporaryFolder?
    private struct State {
        var runners: [String: PodRunner] = [:]
        var lost: Set<String> = []
        var isStopped = false
        var hasEnded = false
        var servers: [String: KubeletServer] = [:]
        /// The TLS listeners of the nodes, for a real API server.
        var fronts: [String: TLSFront] = [:]
    }
    private let state = Mutex(State())

    /// Starts the nodes and registers them.
    /// - Parameter folder: the place of volumes and logs; nil for a temporary one.
    package init(
        _ client: KubernetesClient, nodes: [String] = ["node-1", "node-2", "node-3"], folder: URL? = nil,
        options: KubeletOptions = KubeletOptions()
    ) async throws {
        self.nodes = nodes
        temporary = folder == nil ? try TemporaryFolder("kubelet") : nil
        guard let place = folder ?? temporary?.url else { throw LabError("no folder") }
        context = KubeletContext(client: client, folder: place, options: options)
        for node in nodes { try await start(node) }
        if options.provisions { try VolumeProvisioner(context: context).createClasses() }
        Thread { [weak self] in
            while let self, !self.isStopped {
                self.tick()
                usleep(150_000)
            }
            self?.state.withLock { $0.hasEnded = true }
        }.start()
    }

    deinit {
        for runner in state.withLock({ $0.runners.values.map(\.self) }) { runner.lose() }
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func start(_ node: String) async throws {
        let server = try KubeletServer { [weak self] namespace, pod in self?.runner(namespace, pod, on: node) }
        let isSecure = context.client.url.hasPrefix("https:")
        let front = isSecure ? try await TLSFront(to: server.port, folder: context.folder.appending(path: "tls")) : nil
        state.withLock { state in
            state.servers[node] = server
            state.fronts[node] = front
            state.lost.remove(node)
        }
        try KubeletNode(name: node, port: front?.port ?? server.port, client: context.client).register()
    }

    private func runner(_ namespace: String, _ pod: String, on node: String) -> PodRunner? {
        state.withLock { state in
            state.runners.values.first {
                $0.node == node && $0.pod.namespace == namespace && $0.pod.name == pod && !$0.hasEnded
            }
        }
    }

    // MARK: The loop

    private func tick() {
        do {
            let pods = try context.client.list("/api/v1/pods").map { PodObject(object: $0) }
            try context.hosts.update(services: (try? context.client.list("/api/v1/services")) ?? [], pods: pods)
            follow(pods)
            if context.options.provisions { try VolumeProvisioner(context: context).provision() }
            beat()
        } catch {
            usleep(200_000)
        }
    }

    private func follow(_ pods: [PodObject]) {
        state.withLock { state in
            guard !state.isStopped else { return }
            let present = Set(pods.map(\.uid))
            for (uid, runner) in state.runners {
                if !present.contains(uid) {
                    if runner.hasEnded {
                        context.attachments.release(uid)
                        state.runners[uid] = nil
                    } else {
                        runner.vanish()
                    }
                }
            }
            for pod in pods {
                guard let node = pod.node, nodes.contains(node), !state.lost.contains(node) else { continue }
                if let runner = state.runners[pod.uid], !runner.hasEnded {
                    runner.update(pod)
                } else if state.runners[pod.uid] == nil || state.runners[pod.uid]?.order == .lose {
                    if pod.isTerminal, !pod.isBeingDeleted { continue }
                    let runner = PodRunner(pod, on: node, context)
                    runner.update(pod)
                    state.runners[pod.uid] = runner
                }
            }
        }
    }

    private let lastBeat = Mutex(ContinuousClock.now)

    private func beat() {
        let isDue = lastBeat.withLock { last in
            guard ContinuousClock.now - last > .seconds(5) else { return false }
            last = .now
            return true
        }
        guard isDue else { return }
        let ports = state.withLock { state in
            state.servers.map { (node: $0.key, port: state.fronts[$0.key]?.port ?? $0.value.port) }
        }
        for entry in ports { try? KubeletNode(name: entry.node, port: entry.port, client: context.client).report() }
    }

    // MARK: Tests' means

    /// Changes an image that nodes can pull; nil removes it.
    package func setImage(_ name: String, _ image: LabImage?) { context.setImage(name, image) }

    /// Sets the fault for commands that clients run in containers, or removes it.
    package func failExec(_ fault: (@Sendable (ExecRequest) -> ExecFault?)?) {
        context.execFault.withLock { $0 = fault }
    }

    /// Cuts the connections of all commands and forwarded ports at this moment. The commands continue, as in a real
    /// cluster.
    package func cutStreams() {
        for server in state.withLock({ $0.servers.values.map(\.self) }) { server.cutStreams() }
    }

    /// Loses a node: its processes are killed, and it no longer reports. Its pods stay in the API, and their volumes stay
    /// attached to it.
    /// - Parameter isNoticed: true to mark the node and its pods as the node lifecycle controller does after a minute.
    package func lose(_ node: String, isNoticed: Bool = true) async throws {
        let (runners, server, front) = state.withLock { state in
            state.lost.insert(node)
            return (
                state.runners.values.filter { $0.node == node }, state.servers.removeValue(forKey: node),
                state.fronts.removeValue(forKey: node)
            )
        }
        server?.stop()
        front?.stop()
        for runner in runners { runner.lose() }
        try await Patience.wait(until: "the processes of \(node) have ended") { runners.allSatisfy(\.hasEnded) }
        guard isNoticed else { return }
        try KubeletNode(name: node, port: 0, client: context.client).markLost(pods: runners.map(\.pod))
    }

    /// Starts a lost node again. It starts the pods that the API still assigns to it.
    package func recover(_ node: String) async throws { try await start(node) }

    /// Kills all containers and removes the folders of the pods. Volumes stay in a folder that the caller gave.
    package func stop() async throws {
        let (runners, servers, fronts) = state.withLock { state in
            state.isStopped = true
            defer { (state.servers, state.fronts) = ([:], [:]) }
            return (
                state.runners.values.map(\.self), state.servers.values.map(\.self), state.fronts.values.map(\.self)
            )
        }
        for server in servers { server.stop() }
        for front in fronts { front.stop() }
        for runner in runners { runner.lose() }
        // A cancelled task also cleans up.
        try await Task.detached { [self] in
            try await Patience.wait(until: "the kubelet has ended") {
                runners.allSatisfy(\.hasEnded) && state.withLock { $0.hasEnded }
            }
        }.value
        context.tinyDisks.unmountAll()
        try? FileManager.default.removeItem(at: context.folder.appending(path: "pods"))
    }
}
