import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import Kubernetes
import Mover
import Platform
import StackConfiguration

/// Movers in pods of the component's cluster.
struct ClusterMover: MoverHost {
    let component: String
    let stack: String
    let volume: KubernetesVolume
    var cluster: KubernetesConfiguration
    let kubectl: Kubectl
    let place: VolumePlacement
    let claim: ClaimRecord?
    /// Receives the reasons of long waits.
    let tell: @Sendable (String) -> Void
    /// The recovery run that a restore is a part of; nil for one without a plan.
    var recovery: String?
    /// The name of the pod; nil for a new one each time.
    var pod: String?
    /// A second claim, which the mover reads.
    var seedClaim: String?
    /// Called once the pod exists, before it works.
    var afterCreation: @Sendable () async throws -> Void = {}

    static func podName(component: String, run: String) -> String {
        "dr-\(component.prefix(40))-\(run.prefix(8))-\(RandomID.make().prefix(4))"
    }

    func directory() async throws -> String { place.data }
    func warnings() async -> [String] { place.warnings }
    func facts() async throws -> [String: String] { try claim?.facts(place) ?? [:] }

    func withMover<Value: Sendable>(
        _ purpose: MoverPod.Purpose, run: String, note: @escaping @Sendable (String) -> Void,
        _ body: @escaping @Sendable (MoverLine) async throws -> Value
    ) async throws -> Value {
        await sweep(except: run)
        let name = self.pod ?? Self.podName(component: component, run: run)
        var pod = pod(name, purpose, run: run)
        pod.owner = await owner()
        let document = try pod.document()
        note("starting the mover")
        do {
            try await kubectl.create(document)
            try await afterCreation()
            let wait = MoverWait(name: name, kubectl: kubectl, within: cluster.within, tell: tell)
            try await wait.untilRunning(note)
            var line = MoverLine(
                kubectl.stream([
                    "exec", "--stdin", name, "--container=\(MoverPod.container)", "--", "dr", "mover", "attach",
                    "--socket", MoverPod.socket,
                ]))
            line.death = { await wait.death($0) }
            note("connecting")
            let value = try await body(line)
            await remove(name, waits: purpose.waitsForEnd)
            return value
        } catch {
            await remove(name, waits: purpose.waitsForEnd)
            throw error
        }
    }

    /// Uses a separate task, because a cancelled one must still clean up. A pod that stays ends by itself.
    private func remove(_ name: String, waits: Bool) async {
        let kubectl = kubectl
        // An operator who interrupts dr does not wait for an API server that is away.
        let patience: Duration = Task.isCancelled ? .zero : .seconds(90)
        await Task {
            let wait = waits ? ["--wait=true", "--timeout=60s"] : ["--wait=false"]
            try? await kubectl.patiently(within: patience) {
                _ = try await kubectl.run(
                    ["delete", "pod", name, "--ignore-not-found", "--grace-period=5"] + wait, timeout: .minutes(1))
            }
        }.value
    }

    /// Asks the API server if it would admit the mover, without creating it.
    /// - Throws: `KubernetesError`, for example of a quota; ``VolumeError``.
    func admit(_ purpose: MoverPod.Purpose) async throws {
        let document = try pod("dr-check", purpose, run: "check").document()
        try await kubectl.patiently(tell: tell) {
            _ = try await kubectl.run(
                ["create", "--validate=ignore", "--dry-run=server", "--output=name", "--filename", "-"],
                input: document.compact)
        }
    }

    private func pod(_ name: String, _ purpose: MoverPod.Purpose, run: String) -> MoverPod {
        var pod = MoverPod(
            name: name, purpose: purpose, place: place, cluster: cluster,
            labels: MoverPod.labels(run: run, component: component, stack: stack)
                .merging(recovery.map(MoverPod.labels) ?? [:]) { $1 })
        pod.allowsRoot = volume.allowsRoot
        pod.seedClaim = seedClaim
        return pod
    }

    /// Removes the pods of earlier runs that have ended: those of a killed dr end by themselves. A pod that works may be
    /// that of another dr, unless it is one of this recovery run before it was resumed.
    private func sweep(except run: String) async {
        let labels = MoverPod.labels(run: run, component: component, stack: stack)
        let own = ["app.kubernetes.io/managed-by", "app.kubernetes.io/component", "dr/component", "dr/stack"]
            .compactMap { key in labels[key].map { "\(key)=\($0)" } }.joined(separator: ",")
        for phase in ["Succeeded", "Failed"] {
            await delete("\(own),dr/run!=\(run)", ["--field-selector=status.phase=\(phase)"])
        }
        if let process = recovery.map(MoverPod.labels(recovery:)) {
            let same = "\(MoverPod.recoveryLabel)=\(process[MoverPod.recoveryLabel] ?? "")"
            await delete("\(own),\(same),\(MoverPod.processLabel)!=\(process[MoverPod.processLabel] ?? "")")
        }
    }

    private func delete(_ selector: String, _ more: [String] = []) async {
        _ = try? await kubectl.run(
            ["delete", "pods", "--selector=\(selector)", "--wait=false", "--ignore-not-found"] + more)
    }

    /// The pod that dr runs in, if it is in the same namespace: the cluster removes movers together with it.
    private func owner() async -> JSONValue? {
        let environment = ProcessInfo.processInfo.environment
        guard environment["KUBERNETES_SERVICE_HOST"] != nil, let name = environment["HOSTNAME"],
            name.isKubernetesName, let pod = try? await kubectl.object("pod/\(name)"),
            let uid = pod["metadata"]?["uid"]?.text
        else { return nil }
        return ["apiVersion": "v1", "kind": "Pod", "name": .string(name), "uid": .string(uid)]
    }
}

extension MoverPod.Purpose {
    /// True if the volume must be free afterwards.
    fileprivate var waitsForEnd: Bool {
        switch self {
        case .backup: false
        case .restore: true
        }
    }
}
