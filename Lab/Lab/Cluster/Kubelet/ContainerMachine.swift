internal import Documents
internal import Foundation
internal import Glibc

/// The life of one container of a pod: its starts, probes, exits and restarts. One thread uses it.
final class ContainerMachine {
    enum Phase {
        case waiting(reason: String, message: String?)
        case running(since: Date)
        case terminated(Termination)
    }

    struct Termination {
        var exitCode: CInt
        var reason: String
        var message: String?
        var started: Date
        var finished: Date
    }

    let spec: JSONValue
    let name: String
    private let pod: PodMachine
    private(set) var phase = Phase.waiting(reason: "ContainerCreating", message: nil)
    private(set) var process: ContainerProcess?
    private var last: Termination?
    private(set) var restarts: Int
    private var backOff: Duration
    private var due = ContinuousClock.now
    private var readiness: Prober?
    private var liveness: Prober?
    private var startup: Prober?
    private var told: Set<String> = []

    init(_ spec: JSONValue, of pod: PodMachine, restarts: Int) {
        self.spec = spec
        self.pod = pod
        self.restarts = restarts
        name = spec["name"]?.text ?? ""
        backOff = pod.context.options.firstBackOff
    }

    var isReady: Bool {
        guard process != nil, hasStarted else { return false }
        return readiness.map { $0.isPassing == true } ?? true
    }

    /// True if the startup probe, if there is one, has passed.
    var hasStarted: Bool { process != nil && (startup.map { $0.isPassing == true } ?? true) }

    var termination: Termination? {
        guard case .terminated(let termination) = phase else { return nil }
        return termination
    }

    /// Starts, restarts or observes the container.
    /// - Parameter restarts: returns true if an exit with this code is followed by a restart.
    func step(restarting: (CInt) -> Bool) {
        if let process {
            if let status = process.exitStatus {
                exited(status, process)
                if restarting(status) { planRestart() }
            } else if [liveness, startup].contains(where: { $0?.isPassing == false }) {
                let probe = liveness?.isPassing == false ? ("Liveness", liveness) : ("Startup", startup)
                pod.event("Warning", "Unhealthy", "\(probe.0) probe failed: \(probe.1?.message ?? "")")
                pod.event(
                    "Normal", "Killing",
                    "Container \(name) failed \(probe.0.lowercased()) probe, will be restarted")
                stop(within: .seconds(pod.pod.spec["terminationGracePeriodSeconds"]?.integer ?? 30))
                if restarting(termination?.exitCode ?? 137) { planRestart() }
            }
            return
        }
        guard case .waiting = phase, ContinuousClock.now >= due else { return }
        do {
            try start()
        } catch let error as NotReady {
            wait(error)
        } catch {
            wait(NotReady(event: "Failed", reason: "RunContainerError", message: "Error: \(error)"))
        }
    }

    private func wait(_ error: NotReady) {
        due = .now + .milliseconds(500)
        phase = .waiting(reason: error.reason, message: error.message)
        // The repetition of a failed pull has another name.
        if error.reason == "ErrImagePull", told.contains(error.message) {
            phase = .waiting(
                reason: "ImagePullBackOff", message: "Back-off pulling image \"\(spec["image"]?.text ?? "")\"")
        }
        guard told.insert(error.message).inserted else { return }
        let prefix = error.reason == "CreateContainerConfigError" ? "Error: " : ""
        pod.event("Warning", error.event, prefix + error.message, component: error.component)
        guard error.reason == "ErrImagePull" else { return }
        pod.event("Warning", "Failed", "Error: ErrImagePull")
        pod.event("Normal", "BackOff", "Back-off pulling image \"\(spec["image"]?.text ?? "")\"")
    }

    private func start() throws {
        let imageName = spec["image"]?.text ?? ""
        guard let image = pod.context.image(imageName) else {
            throw NotReady(
                event: "Failed", reason: "ErrImagePull",
                message:
                    "Failed to pull image \"\(imageName)\": failed to resolve reference \"\(imageName)\": not found")
        }
        let environment = ContainerEnvironment(context: pod.context, pod: pod.pod, container: spec, image: image)
        let variables = try environment.variables()
        let folder = pod.folder
        let setup = ContainerSetup(
            hostname: pod.pod.spec["hostname"]?.text ?? pod.pod.name, root: "\(folder)/roots/\(name)", image: image,
            identity: try ContainerIdentity(spec, of: pod.pod, image: image),
            hosts: try pod.context.hosts.path(of: pod.pod.namespace),
            terminationLog: (
                "\(folder)/\(name).termination", spec["terminationMessagePath"]?.text ?? "/dev/termination-log"
            ),
            mounts: try mounts(variables), workingFolder: spec["workingDir"]?.text ?? "/", variables: variables,
            command: try environment.command(variables))
        let process = try ContainerProcess(setup, log: "\(folder)/\(name).\(restarts).log")
        self.process = process
        phase = .running(since: process.started)
        startup = Prober(spec["startupProbe"], of: spec, in: process)
        readiness = Prober(spec["readinessProbe"], of: spec, in: process)
        liveness = Prober(spec["livenessProbe"], of: spec, in: process)
        pod.register(name, process)
        pod.event("Normal", "Started", "Started container \(name)")
    }

    private func mounts(_ variables: [String: String]) throws -> [ContainerSetup.Mount] {
        try (spec["volumeMounts"]?.array ?? []).compactMap { mount in
            guard let volume = mount["name"]?.text.flatMap({ pod.volumes[$0] }), let target = mount["mountPath"]?.text
            else { return nil }
            var source = volume.path
            let below =
                mount["subPath"]?.text
                ?? mount["subPathExpr"]?.text.map { ContainerEnvironment.expand($0, variables) } ?? ""
            if !below.isEmpty {
                guard !below.split(separator: "/").contains("..") else {
                    throw NotReady(
                        event: "Failed", reason: "CreateContainerConfigError",
                        message: "Error: failed to prepare subPath for volumeMount \"\(mount["name"]?.text ?? "")\"")
                }
                source += "/\(below)"
                if !FileManager.default.fileExists(atPath: source) {
                    // As a kubelet does: with the mode and the group of the volume.
                    var info = stat()
                    stat(volume.path, &info)
                    try FileManager.default.createDirectory(
                        atPath: source, withIntermediateDirectories: true,
                        attributes: [.posixPermissions: Int(info.st_mode & 0o7777)])
                    chmod(source, info.st_mode & 0o7777)
                    chown(source, uid_t.max, info.st_gid)
                }
            }
            return ContainerSetup.Mount(
                source: source, target: target, isReadOnly: volume.isReadOnly || mount["readOnly"]?.bool == true)
        }
    }

    // MARK: Ends

    /// Runs the preStop hook, sends SIGTERM, and after the time sends SIGKILL.
    func stop(within time: Duration) {
        let deadline = ContinuousClock.now + time
        beginStop(within: time)
        finishStop(at: deadline)
    }

    /// Runs the preStop hook and sends SIGTERM.
    func beginStop(within time: Duration) {
        guard let process, process.exitStatus == nil else { return }
        runPreStop(time)
        process.terminate()
    }

    /// Waits for the exit, and kills the container at the deadline.
    func finishStop(at deadline: ContinuousClock.Instant) {
        guard let process else { return }
        while process.exitStatus == nil, ContinuousClock.now < deadline, pod.runner.order != .lose { usleep(10_000) }
        process.kill()
        if let status = process.exitStatus { exited(status, process) }
    }

    private func runPreStop(_ time: Duration) {
        let hook = spec["lifecycle"]?["preStop"]
        if let command = hook?["exec"]?["command"]?.array, let process {
            let status = try? process.run(command.compactMap(\.text), timeout: time)
            if status != 0 {
                pod.event("Warning", "FailedPreStopHook", "PreStopHook failed")
            }
        } else if let seconds = hook?["sleep"]?["seconds"]?.integer {
            usleep(UInt32(clamping: seconds * 1_000_000))
        }
    }

    /// Kills the container without a report, as the loss of its node does.
    func abandon() {
        stopProbes()
        process?.kill()
        process = nil
    }

    private func exited(_ status: CInt, _ process: ContainerProcess) {
        stopProbes()
        self.process = nil
        pod.register(name, nil)
        var termination = Termination(
            exitCode: status, reason: status == 0 ? "Completed" : "Error", message: nil, started: process.started,
            finished: Date())
        let file = FileManager.default.contents(atPath: process.terminationLog) ?? Data()
        if !file.isEmpty {
            termination.message = String(decoding: file.prefix(4096), as: UTF8.self)
        } else if status != 0, spec["terminationMessagePolicy"]?.text == "FallbackToLogsOnError" {
            let log = FileManager.default.contents(atPath: process.log) ?? Data()
            termination.message = String(decoding: log.suffix(2048), as: UTF8.self)
        }
        phase = .terminated(termination)
    }

    private func stopProbes() {
        for probe in [startup, readiness, liveness] { probe?.stop() }
        (startup, readiness, liveness) = (nil, nil, nil)
    }

    private func planRestart() {
        guard let termination else { return }
        last = termination
        restarts += 1
        // A container that ran for long starts again at once.
        if termination.finished.timeIntervalSince(termination.started) > 600 {
            backOff = pod.context.options.firstBackOff
        }
        due = .now + backOff
        phase = .waiting(
            reason: "CrashLoopBackOff",
            message: "back-off \(backOff) restarting failed container=\(name) pod=\(pod.pod.name)_\(pod.pod.namespace)"
                + "(\(pod.pod.uid))")
        pod.event(
            "Warning", "BackOff",
            "Back-off restarting failed container \(name) in pod \(pod.pod.name)_\(pod.pod.namespace)(\(pod.pod.uid))")
        backOff = min(backOff * 2, .seconds(300))
    }

    // MARK: Status

    var status: JSONValue {
        var status: JSONValue = [
            "name": .string(name), "image": spec["image"] ?? "", "imageID": spec["image"] ?? "",
            "restartCount": JSONValue(restarts), "ready": .bool(isReady || (termination?.exitCode == 0 && isInit)),
            "started": .bool(hasStarted), "state": state,
            "lastState": last.map { ["terminated": $0.json] } ?? [:],
        ]
        if let process { status["containerID"] = .string("lab://\(process.id)") }
        return status
    }

    var isInit = false

    private var state: JSONValue {
        switch phase {
        case .waiting(let reason, let message):
            var state: JSONValue = ["reason": .string(reason)]
            if let message { state["message"] = .string(message) }
            return ["waiting": state]
        case .running(let since): return ["running": ["startedAt": .string(since.ISO8601Format())]]
        case .terminated(let termination): return ["terminated": termination.json]
        }
    }
}

extension ContainerMachine.Termination {
    var json: JSONValue {
        var json: JSONValue = [
            "exitCode": JSONValue(Int(exitCode)), "reason": .string(reason),
            "startedAt": .string(started.ISO8601Format()), "finishedAt": .string(finished.ISO8601Format()),
        ]
        if let message { json["message"] = .string(message) }
        return json
    }
}
