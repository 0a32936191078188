internal import Documents
internal import Foundation
internal import Glibc

/// The life of a pod on its node, from the mounts of its volumes to its deletion. The pod's thread uses it.
final class PodMachine {
    let runner: PodRunner
    private(set) var pod: PodObject
    private(set) var volumes: [String: PodVolumes.Volume] = [:]
    private var inits: [ContainerMachine] = []
    private var containers: [ContainerMachine] = []
    private var phase = "Pending"
    private var failure: (reason: String, message: String)?
    private var isInitialized = false
    private var reported: JSONValue?
    private var transitions: [String: (status: Bool, time: String)] = [:]
    private let started = Date()
    private var told: Set<String> = []

    var context: KubeletContext { runner.context }
    var folder: String { runner.folder }

    init(_ runner: PodRunner) {
        self.runner = runner
        pod = runner.pod
        let statuses = (pod.object["status"]?["containerStatuses"]?.array ?? [])
        containers = pod.containers.map { spec in
            // A pod that ran here before starts again when its node returns.
            let old = statuses.first { $0["name"] == spec["name"] }
            let ran = old?["containerID"]?.text?.isEmpty == false
            return ContainerMachine(spec, of: self, restarts: ran ? (old?["restartCount"]?.integer ?? 0) + 1 : 0)
        }
        inits = pod.initContainers.map { ContainerMachine($0, of: self, restarts: 0) }
        for container in inits { container.isInit = container.spec["restartPolicy"]?.text != "Always" }
    }

    /// Runs until the pod is deleted or lost.
    func run() {
        while true {
            pod = runner.pod
            switch runner.order {
            case .run: step()
            case .delete:
                end(reporting: true)
                return
            case .vanish:
                end(reporting: false)
                return
            case .lose:
                for container in inits + containers { container.abandon() }
                return
            }
            runner.pause()
        }
    }

    private func step() {
        guard phase != "Succeeded", phase != "Failed" else {
            report()
            return
        }
        // It ended before this kubelet started.
        guard !pod.isTerminal else { return }
        if let limit = pod.spec["activeDeadlineSeconds"]?.integer, Date().timeIntervalSince(started) > Double(limit) {
            fail("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
            return
        }
        guard mountVolumes() else {
            report()
            return
        }
        guard runInits() else {
            report()
            return
        }
        isInitialized = true
        for container in containers {
            container.step { status in
                self.pod.restartPolicy == "Always" || (self.pod.restartPolicy == "OnFailure" && status != 0)
            }
        }
        for sidecar in inits where !sidecar.isInit { sidecar.step { _ in true } }
        if containers.contains(where: { $0.process != nil || $0.restarts > 0 }) { phase = "Running" }
        if containers.allSatisfy({ $0.termination != nil }) {
            for sidecar in inits where !sidecar.isInit { sidecar.stop(within: .seconds(pod.gracePeriod)) }
            phase = containers.allSatisfy { $0.termination?.exitCode == 0 } ? "Succeeded" : "Failed"
            context.attachments.release(pod.uid)
        }
        report()
    }

    private func fail(_ reason: String, _ message: String) {
        for container in containers + inits { container.stop(within: .seconds(pod.gracePeriod)) }
        phase = "Failed"
        failure = (reason, message)
        context.attachments.release(pod.uid)
        event("Normal", reason, message)
        report()
    }

    private var hasVolumes = false
    private var nextMount = ContinuousClock.now

    /// - Returns: true once all volumes are mounted.
    private func mountVolumes() -> Bool {
        guard !hasVolumes else { return true }
        guard ContinuousClock.now >= nextMount else { return false }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            volumes = try PodVolumes(context: context, pod: pod, node: runner.node, folder: folder).prepare()
            hasVolumes = true
        } catch {
            nextMount = .now + .milliseconds(300)
            let refusal =
                error as? NotReady
                ?? NotReady(event: "FailedMount", reason: "ContainerCreating", message: "\(error)")
            if told.insert(refusal.message).inserted {
                event("Warning", refusal.event, refusal.message, component: refusal.component)
            }
        }
        return hasVolumes
    }

    /// Runs the init containers one after the other, and starts sidecars.
    /// - Returns: true once all have succeeded.
    private func runInits() -> Bool {
        for container in inits {
            if container.isInit {
                if container.termination?.exitCode == 0 { continue }
                container.step { status in status != 0 && self.pod.restartPolicy != "Never" }
                if let termination = container.termination, termination.exitCode != 0 { phase = "Failed" }
                if container.termination?.exitCode == 0 { continue }
            } else {
                if isInitialized { continue }
                container.step { _ in true }
                if container.hasStarted { continue }
            }
            return false
        }
        return true
    }

    // MARK: Deletion

    private func end(reporting: Bool) {
        let time = Duration.seconds(pod.gracePeriod)
        // All containers get their time at once.
        let machines = containers + inits
        for container in machines where container.process != nil {
            event("Normal", "Killing", "Stopping container \(container.name)")
        }
        let deadline = ContinuousClock.now + time
        for container in machines { container.beginStop(within: time) }
        for container in machines { container.finishStop(at: deadline) }
        if reporting, !pod.isTerminal { report() }
        context.attachments.release(pod.uid)
        try? FileManager.default.removeItem(atPath: folder)
        guard reporting else { return }
        let body: JSONValue = [
            "kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0,
            "preconditions": ["uid": .string(pod.uid)],
        ]
        while runner.order == .delete {
            if let answer = try? context.client.call("DELETE", pod.path, body), answer.status < 500 { return }
            usleep(300_000)
        }
    }

    // MARK: Reports

    func event(_ type: String, _ reason: String, _ message: String, component: String = "kubelet") {
        context.event(type, reason, message, of: pod, component: component, node: runner.node)
    }

    func register(_ container: String, _ process: ContainerProcess?) { runner.register(container, process) }

    /// Sends the pod's status if it changed.
    private func report() {
        let status = status
        guard status != reported else { return }
        let change: JSONValue = ["metadata": ["uid": .string(pod.uid)], "status": status]
        guard let answer = try? context.client.merge("\(pod.path)/status", change) else { return }
        if answer.status < 500 { reported = status }
    }

    /// An address for the status only, because an API server refuses 127.0.0.1 in endpoints.
    private lazy var address: String = {
        let number = pod.uid.utf8.reduce(UInt32(5381)) { $0 &* 33 &+ UInt32($1) }
        return "10.244.\(number >> 8 & 0xff).\(number & 0xff)"
    }()

    private var status: JSONValue {
        let isReady = phase == "Running" && !containers.isEmpty && containers.allSatisfy(\.isReady)
        var conditions: [JSONValue] = []
        for (type, holds) in [
            ("PodReadyToStartContainers", hasVolumes), ("Initialized", isInitialized), ("Ready", isReady),
            ("ContainersReady", isReady), ("PodScheduled", true),
        ] {
            if transitions[type]?.status != holds { transitions[type] = (holds, Date().ISO8601Format()) }
            var condition: JSONValue = [
                "type": .string(type), "status": .string(holds ? "True" : "False"),
                "lastTransitionTime": .string(transitions[type]?.time ?? ""),
            ]
            if !holds, type.hasSuffix("Ready") {
                condition["reason"] = phase == "Succeeded" ? "PodCompleted" : "ContainersNotReady"
            }
            conditions.append(condition)
        }
        var status: JSONValue = [
            "phase": .string(phase), "conditions": .array(conditions), "hostIP": "127.0.0.1", "podIP": .string(address),
            "podIPs": [["ip": .string(address)]], "hostIPs": [["ip": "127.0.0.1"]],
            "startTime": .string(started.ISO8601Format()), "containerStatuses": .array(containers.map(\.status)),
        ]
        if !inits.isEmpty { status["initContainerStatuses"] = .array(inits.map(\.status)) }
        if let failure {
            status["reason"] = .string(failure.reason)
            status["message"] = .string(failure.message)
        }
        return status
    }
}
