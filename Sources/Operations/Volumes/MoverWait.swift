import Documents
import FoundationEssentials
import Kubernetes
import Mover
import Platform
import Synchronization

/// Waits for a mover's pod, and names the reason if it does not run, or does not run any more.
struct MoverWait: Sendable {
    let name: String
    let kubectl: Kubectl
    let within: Period
    /// Receives each new reason of a wait that lasts.
    let tell: @Sendable (String) -> Void
    /// The time for which the API server may refuse the credentials: they are renewed, and authorizers restart.
    var denialPatience = Duration.seconds(60)
    /// The time for which a node may be silent without being lost, after the cluster has noticed it.
    var nodePatience = Duration.seconds(60)
    private let signs = Signs()

    init(name: String, kubectl: Kubectl, within: Period, tell: @escaping @Sendable (String) -> Void) {
        self.name = name
        self.kubectl = kubectl
        self.within = within
        self.tell = tell
    }

    /// The time between two looks for the reason of a wait, each of which takes several requests.
    private static let reasonInterval = Duration.seconds(2)

    func untilRunning(_ note: @Sendable (String) -> Void) async throws {
        let start = ContinuousClock.now
        let deadline = start + within.duration
        var telling = WaitReasons()
        var reason = "it was not scheduled"
        var nextLook = start + .seconds(1)
        while true {
            let pod = try await kubectl.patiently(deniedWithin: denialPatience, tell: tell) {
                try await kubectl.object("pod/\(name)")
            }
            guard let pod else { throw failure("it was deleted") }
            let status = MoverStatus(pod)
            if status.isRunning { return }
            if let end = status.end { throw failure(end) }
            if ContinuousClock.now >= min(nextLook, deadline) {
                let found = try await ClusterReasons(kubectl).reason(of: pod)
                reason = found ?? status.node.map { "the kubelet of '\($0)' has not reported it" } ?? reason
                nextLook = .now + Self.reasonInterval
            }
            note("waiting for the mover: \(reason)")
            if telling.isNew(reason, at: .now) { tell("the mover does not run yet: \(reason)") }
            guard ContinuousClock.now < deadline else {
                throw failure("it did not start within \(within): \(reason)")
            }
            // Most pods run within a second.
            try await Task.sleep(for: .milliseconds(ContinuousClock.now - start < .seconds(3) ? 150 : 500))
        }
    }

    private func failure(_ detail: String) -> KubernetesError {
        KubernetesError(.failed, operation: "mover pod '\(name)'", detail)
    }

    // MARK: The end

    /// The reason for which the mover is lost; nil while it may run, and while the API server does not answer.
    func death(_ outage: MoverOutage) async -> String? {
        let answer: String
        do {
            answer = try await kubectl.run(["get", "pod", name, "--ignore-not-found", "--output=json"])
        } catch let error as KubernetesError {
            return error.isDenied ? denial(error, outage) : nil
        } catch { return nil }
        guard !answer.isEmpty else { return "the mover pod '\(name)'\(signs.onNode) was deleted" }
        guard let pod = try? JSONValue(parsing: answer) else { return nil }
        let status = MoverStatus(pod)
        signs.note(node: status.node)
        if let end = status.end { return "the mover pod '\(name)'\(signs.onNode) ended: \(end)" }
        let silence = signs.duration(of: .silentNode, if: status.isNodeSilent, outage)
        if status.isBeingDeleted {
            let node = status.isNodeSilent ? ", and its node does not report" : ""
            return "the mover pod '\(name)'\(signs.onNode) is being deleted\(node)"
        }
        if silence >= nodePatience, status.isNodeSilent {
            return "the node '\(status.node ?? "?")' of the mover pod '\(name)' does not report any more"
        }
        let refusal = KubectlFailure.error("kubectl exec", context: kubectl.context, status: 1, errors: outage.words)
        return denial(refusal, outage)
    }

    private func denial(_ error: KubernetesError, _ outage: MoverOutage) -> String? {
        let duration = signs.duration(of: .denial, if: error.isDenied, outage)
        guard error.isDenied, duration >= denialPatience else { return nil }
        let fact =
            error.isForbidden
            ? "the API server no longer permits dr to use the mover"
            : "the API server no longer accepts the credentials"
        return "\(fact): \(error.detail)"
    }

    /// Remembers since when a sign has been there in one outage, and the pod's node.
    private final class Signs: Sendable {
        enum Sign: Hashable { case silentNode, denial }

        private struct State {
            var since: [Sign: ContinuousClock.Instant] = [:]
            var node: String?
        }
        private let state = Mutex(State())

        func note(node: String?) { state.withLock { $0.node = node ?? $0.node } }

        /// " on node 'NAME'", or nothing.
        var onNode: String { state.withLock { $0.node.map { " on node '\($0)'" } ?? "" } }

        /// Returns the time for which a sign has been seen without interruption; zero with the first look.
        func duration(of sign: Sign, if isSeen: Bool, _ outage: MoverOutage) -> Duration {
            let now = ContinuousClock.now
            return state.withLock { state in
                guard isSeen else {
                    state.since[sign] = nil
                    return .zero
                }
                // A sign of an earlier outage does not count: the mover was attached since.
                if let since = state.since[sign], since >= now - outage.duration { return now - since }
                state.since[sign] = now
                return .zero
            }
        }
    }
}

/// The facts of a pod's status that tell if the mover in it works.
struct MoverStatus {
    private let pod: JSONValue

    init(_ pod: JSONValue) { self.pod = pod }

    private var container: JSONValue? { pod["status"]?["containerStatuses"]?.array?.first }
    private var phase: String? { pod["status"]?["phase"]?.text }

    var node: String? { pod["spec"]?["nodeName"]?.text }
    var isRunning: Bool { phase == "Running" && container?["state"]?["running"] != nil }
    var isBeingDeleted: Bool { pod["metadata"]?["deletionTimestamp"] != nil }

    /// True if the cluster does not hear the pod's node: the node lifecycle controller then sets the pod's condition, and
    /// the kubelet's own word about the container stays. A user who may read pods need not read nodes for it.
    var isNodeSilent: Bool {
        let ready = (pod["status"]?["conditions"]?.array ?? []).first { $0["type"]?.text == "Ready" }
        return ready?["status"]?.text == "False" && container?["ready"]?.bool == true
    }

    /// The way in which the mover ended; nil while it has not.
    var end: String? {
        if let state = container?["state"]?["terminated"] {
            let code = state["exitCode"]?.integer.map { "exit code \($0)" } ?? "no exit code"
            let message = state["message"]?.text.map { ": \($0.prefix(300))" } ?? ""
            return "\(state["reason"]?.text ?? "terminated"), \(code)\(message)"
        }
        guard let phase, phase == "Failed" || phase == "Succeeded" else { return nil }
        let words = [pod["status"]?["reason"]?.text, pod["status"]?["message"]?.text].compactMap(\.self)
        return words.isEmpty ? phase : words.joined(separator: ": ")
    }
}
