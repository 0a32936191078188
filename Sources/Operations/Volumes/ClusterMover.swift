import BackupRepository
import Cryptography
import Documents
import Foundation
import Kubernetes
import Mover
import Platform
import StackConfiguration

/// Movers in pods of the component's cluster.
struct ClusterMover: MoverHost {
    let component: String
    let stack: String
    let volume: KubernetesVolume
    let cluster: KubernetesConfiguration
    let kubectl: Kubectl
    let place: VolumePlacement
    let claim: ClaimRecord?
    /// Receives the reasons of long waits.
    let tell: @Sendable (String) -> Void
    /// The name of the pod; nil for a new one each time.
    var pod: String?
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
        var pod = MoverPod(
            name: name, purpose: purpose, place: place, cluster: cluster,
            labels: MoverPod.labels(run: run, component: component, stack: stack))
        pod.allowsRoot = volume.allowsRoot
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
            line.death = { await wait.death() }
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
        await Task {
            let wait = waits ? ["--wait=true", "--timeout=60s"] : ["--wait=false"]
            _ = try? await kubectl.run(
                ["delete", "pod", name, "--ignore-not-found", "--grace-period=5"] + wait, timeout: .minutes(1))
        }.value
    }

    /// Removes the pods of earlier runs that have ended: those of a killed dr end by themselves. A pod that works may be
    /// that of another dr.
    private func sweep(except run: String) async {
        let labels = MoverPod.labels(run: run, component: component, stack: stack)
        let selector =
            ["app.kubernetes.io/managed-by", "app.kubernetes.io/component", "dr/component", "dr/stack"]
            .compactMap { key in labels[key].map { "\(key)=\($0)" } }.joined(separator: ",") + ",dr/run!=\(run)"
        for phase in ["Succeeded", "Failed"] {
            _ = try? await kubectl.run([
                "delete", "pods", "--selector=\(selector)", "--field-selector=status.phase=\(phase)", "--wait=false",
                "--ignore-not-found",
            ])
        }
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

/// Waits for a pod, and names the reason if it does not run.
struct MoverWait: Sendable {
    let name: String
    let kubectl: Kubectl
    let within: Period
    /// Receives each new reason of a wait that lasts.
    let tell: @Sendable (String) -> Void

    func untilRunning(_ note: @Sendable (String) -> Void) async throws {
        let deadline = ContinuousClock.now + within.duration
        var telling = WaitReasons()
        var reason = "it was not scheduled"
        while true {
            let pod = try await kubectl.patiently(tell: tell) { try await kubectl.object("pod/\(name)") }
            guard let pod else { throw failure("it was deleted") }
            let phase = pod["status"]?["phase"]?.text ?? "Pending"
            let status = pod["status"]?["containerStatuses"]?.array?.first
            if phase == "Running", status?["state"]?["running"] != nil { return }
            if phase == "Failed" || phase == "Succeeded" { throw failure(Self.end(of: pod) ?? phase) }
            if let waiting = await self.reason(pod) { reason = waiting }
            note("waiting for the mover: \(reason)")
            if telling.isNew(reason, at: .now) { tell("the mover does not run yet: \(reason)") }
            guard ContinuousClock.now < deadline else {
                throw failure("it did not start within \(within): \(reason)")
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func failure(_ detail: String) -> KubernetesError {
        KubernetesError(.failed, operation: "mover pod '\(name)'", detail)
    }

    /// The reason for which a pod does not run yet: of its container, its scheduling, or its newest warning.
    private func reason(_ pod: JSONValue) async -> String? {
        let events = try? await kubectl.run([
            "get", "events", "--field-selector=involvedObject.name=\(name),type=Warning",
            "--output=jsonpath={range .items[*]}{.lastTimestamp}{\" \"}{.reason}{\": \"}{.message}{\"\\n\"}{end}",
        ])
        if let last = events?.split(whereSeparator: \.isNewline).max() {
            return last.split(separator: " ", maxSplits: 1).last.map { String($0.prefix(500)) }
        }
        let waiting = pod["status"]?["containerStatuses"]?.array?.first?["state"]?["waiting"]
        if let word = waiting?["reason"]?.text {
            return word + (waiting?["message"]?.text.map { ": \($0.prefix(300))" } ?? "")
        }
        let scheduled = (pod["status"]?["conditions"]?.array ?? []).first { $0["type"]?.text == "PodScheduled" }
        return scheduled?["status"]?.text == "False" ? scheduled?["message"]?.text : nil
    }

    /// The reason for which the mover ended; nil while it may run, and while the API server does not answer.
    func death() async -> String? {
        guard let answer = try? await kubectl.run(["get", "pod", name, "--ignore-not-found", "--output=json"]) else {
            return nil
        }
        guard !answer.isEmpty, let pod = try? JSONValue(parsing: answer) else {
            return answer.isEmpty ? "the mover pod '\(name)' was deleted" : nil
        }
        guard pod["metadata"]?["deletionTimestamp"] == nil else { return "the mover pod '\(name)' is being deleted" }
        return Self.end(of: pod).map { "the mover pod '\(name)' ended: \($0)" }
    }

    /// The reason for which a pod ended; nil while it may run.
    static func end(of pod: JSONValue) -> String? {
        let state = pod["status"]?["containerStatuses"]?.array?.first?["state"]?["terminated"]
        if let state {
            let code = state["exitCode"]?.integer.map { "exit code \($0)" } ?? "no exit code"
            let message = state["message"]?.text.map { ": \($0.prefix(300))" } ?? ""
            return "\(state["reason"]?.text ?? "terminated"), \(code)\(message)"
        }
        guard let phase = pod["status"]?["phase"]?.text, phase == "Failed" || phase == "Succeeded" else { return nil }
        return [pod["status"]?["reason"]?.text, pod["status"]?["message"]?.text].compactMap(\.self)
            .joined(separator: ": ").nonEmpty ?? phase
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
