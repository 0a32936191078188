import BackupRepository
import Components
import Documents
import FoundationEssentials
import Kubernetes
import ObjectStorage
import Platform
import StackConfiguration

/// The backup of a component by a Job that has its own configuration and credentials: its data do not pass through dr.
/// The Job's status tells of a failure; only the result in the store tells of success.
struct InClusterBackup: RemoteComponent {
    let component: ComponentConfiguration
    let volume: KubernetesVolume
    let session: VolumeSession
    let pool: BlockingPool
    /// The wall clock of the run.
    let now: @Sendable () -> Timestamp
    /// Finds the volume.
    let host: @Sendable () async throws -> ClusterMover
    /// The time for which the API server may refuse the credentials: they are renewed, and authorizers restart.
    var denialPatience = Duration.seconds(60)

    func backUp(
        _ job: ComponentJob, in repository: Repository, progress: WorkProgress,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String>
    ) async throws -> ComponentJob.Result {
        progress.update { $0.phase = "finding the volume" }
        let host = try await host()
        let facts = try await host.facts()
        var job = job
        let parts = PartCollection(
            run: job.run, component: component.name, proof: PartProof(), life: host.cluster.deadline,
            repository: repository)
        var shards = ShardedBackup.Outcome()
        let count = try await firstPods(for: job, in: repository)
        if count > 1 {
            let pod = pod(
                "\(MoverPod.objectName(component: component.name, run: job.run))-shards", of: job.run, host,
                spreads: true)
            let engine = IndexedJob(
                name: pod.name, count: count,
                document: try document(pod, job, facts: facts, proof: parts.proof, shards: count),
                kubectl: host.kubectl)
            let sharded = ShardedBackup(
                component: component.name, count: count, within: host.cluster.within,
                stallLimit: component.stallTimeout.duration / 2, engine: engine, parts: parts, pool: pool)
            shards = try await sharded.run(progress: progress)
            job.parts = shards.parts
            // The shards may have taken hours: the capture has its own time, not that of their start.
            job.now = now()
        }
        let pod = pod(MoverPod.objectName(component: component.name, run: job.run), of: job.run, host)
        let document = try self.document(pod, job, facts: facts, proof: parts.proof)
        progress.update { $0.phase = "starting the job" }
        try await host.kubectl.create(document)
        do {
            let result = try await wait(
                for: pod.name, parts: parts, kubectl: host.kubectl, within: host.cluster.within, progress: progress,
                tell: host.tell)
            await remove(pod.name, host.kubectl)
            // The mover does not know of prunes that began meanwhile.
            let manifest = try await pool.run {
                try repository.manifest(component.name, result.manifest, sha256: result.sha256)
            }
            let gone = try await pool.run { try doomed(Set(manifest.packs.map(\.pack))) }
            guard gone.isEmpty else {
                throw VolumeError(
                    component.name, "a prune removes \(Units.count(gone.count, "pack")) that its backup uses",
                    hint: "run `dr backup` again when no prune is running")
            }
            await pool.run { [shards] in shards.removeManifests(of: component.name, from: repository.store) }
            var stored = result
            stored.added = stored.added + shards.added
            stored.warnings += shards.warnings
            stored.warnings += await host.warnings()
            return stored
        } catch {
            await remove(pod.name, host.kubectl)
            throw error
        }
    }

    /// Returns the number of pods that store the files first: with a previous backup, as many as that is worth; 1 for none.
    private func firstPods(for job: ComponentJob, in repository: Repository) async throws -> Int {
        guard volume.shards > 1 else { return 1 }
        let work = try await pool.run { try job.workOfBase(in: repository) }
        return work?.processes(repository.description.pack, most: volume.shards) ?? volume.shards
    }

    private func pod(_ name: String, of run: String, _ host: ClusterMover, spreads: Bool = false) -> MoverPod {
        var pod = MoverPod(
            name: name, purpose: .backup(writes: !component.settings.writablePaths.isEmpty), place: host.place,
            cluster: host.cluster, labels: MoverPod.labels(run: run, component: component.name, stack: host.stack))
        pod.allowsRoot = volume.allowsRoot
        pod.spreads = spreads && host.claim?.isForManyNodes == true
        return pod
    }

    /// The kernel starts no program with a variable of 128 KiB or more, its name included.
    private static let longestJob = (128 << 10) - 64

    /// Returns a job for the variable of a container.
    /// - Throws: `VolumeError` if it is too long.
    static func text(of job: ComponentJob) throws -> String {
        let text = try JSONDecoding.text(job)
        guard text.utf8.count <= longestJob else {
            throw VolumeError(
                job.component,
                "its pod cannot get a job of \(Units.bytes(text.utf8.count)): the variable of a container holds 128 KiB",
                hint: "too many packs of its newest backup are damaged or about to be removed: back it up with `mode: "
                    + "stream` once")
        }
        return text
    }

    /// - Parameter shards: the number of pods of the Job; nil for one that stores the whole component.
    private func document(
        _ pod: MoverPod, _ job: ComponentJob, facts: [String: String], proof: PartProof, shards: Int? = nil
    ) throws -> JSONValue {
        let podDocument = try pod.document()
        var spec = podDocument["spec"]?.object ?? [:]
        var container = spec["containers"]?.array?.first?.object ?? [:]
        let command = [
            "dr", "mover", "run", "--config", "/etc/dr/dr.yaml", "--component", component.name, "--data",
            pod.place.data,
        ]
        // A dr that does not know shards refuses the option, instead of storing the whole component in each pod.
        container["command"] = .array((command + (shards.map { ["--shards", "\($0)"] } ?? [])).map { .string($0) })
        container["env"] = .array(
            (container["env"]?.array ?? []) + [
                ["name": .string(ComponentPart.jobVariable), "value": .string(try Self.text(of: job))],
                ["name": .string(ComponentPart.factsVariable), "value": .string(try JSONDecoding.text(facts))],
                ["name": .string(PartProof.variable), "value": .string(proof.key)],
            ])
        if let secret = volume.secret { container["envFrom"] = [["secretRef": ["name": .string(secret)]]] }
        container["volumeMounts"] = .array(
            (container["volumeMounts"]?.array ?? []) + [["name": "config", "mountPath": "/etc/dr", "readOnly": true]])
        spec["containers"] = [.object(container)]
        spec["volumes"] = .array(
            (spec["volumes"]?.array ?? []) + [
                ["name": "config", "configMap": ["name": .string(volume.configMap ?? "dr")]]
            ])
        let metadata = podDocument["metadata"] ?? [:]
        var jobSpec: [String: JSONValue] = [
            "completions": JSONValue(shards ?? 1), "parallelism": JSONValue(shards ?? 1),
            "ttlSecondsAfterFinished": 3600,
            "template": ["metadata": ["labels": metadata["labels"] ?? [:]], "spec": .object(spec)],
        ]
        if shards == nil {
            jobSpec["backoffLimit"] = 0
        } else {
            // An index that fails ends neither the others nor the Job, and is done again.
            jobSpec["completionMode"] = "Indexed"
            jobSpec["backoffLimitPerIndex"] = 2
            // Two pods of one shard would do the work twice.
            jobSpec["podReplacementPolicy"] = "Failed"
        }
        return ["apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": .object(jobSpec)]
    }

    /// Waits for the Job's result in the store.
    /// - Parameters:
    ///   - within: the time within which its pod must run, since the last moment in which it did.
    ///   - tell: receives each new reason of a wait that lasts.
    func wait(
        for name: String, parts: PartCollection, kubectl: Kubectl, within: Period, progress: WorkProgress,
        tell: (String) -> Void
    ) async throws -> ComponentJob.Result {
        var ended: (at: ContinuousClock.Instant, failure: JobState.Failure?)?
        var start = JobStart(name: name, kubectl: kubectl, within: within)
        var denial = SignTime()
        var absences = 0
        var last = ""
        var pace = JobPace()
        while true {
            let found = try await pool.run { try parts.take() }
            // A shard may be late.
            if let mark = found.marks.first(where: { $0.shard == nil }) {
                guard let result = mark.result else {
                    throw ComponentJobFailure(
                        detail: mark.failure ?? "it failed without a reason", isStoreFull: mark.isStoreFull)
                }
                return result
            }
            guard pace.isDue() else {
                try await Task.sleep(for: .seconds(1))
                continue
            }
            let state = await JobState(of: name, kubectl)
            pace.note(state)
            switch state {
            case .running(let ready, let job):
                absences = 0
                denial.note(false)
                try await start.look(ready: ready, job, progress: progress, tell: tell)
            case .ended(let failure): ended = (ended?.at ?? .now, failure)
            case .gone:
                denial.note(false)
                absences += 1
                // Its result was looked for in between.
                if ended == nil, absences > 1 { throw JobStart.error(name, "it was deleted") }
            case .denied(let error):
                start.skip()
                denial.note(true)
                if denial.duration >= denialPatience { throw Self.denial(name, error) }
            case .unknown:
                // The API server may be away: the Job works all the same.
                start.skip()
                denial.note(nil)
            }
            if let ended, ContinuousClock.now - ended.at > .seconds(found.unreadable == nil ? 30 : 5) {
                throw await failure(of: name, ended.failure, unreadable: found.unreadable, kubectl)
            }
            if let line = try? await kubectl.run(["logs", "job/\(name)", "--tail=1"]), line != last,
                let state = try? JSONDecoding.decode(WorkProgress.State.self, line)
            {
                last = line
                progress.update { $0 = state }
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private static func denial(_ name: String, _ error: KubernetesError) -> KubernetesError {
        let fact =
            error.isForbidden
            ? "the API server does not permit reading the job"
            : "the API server does not accept the credentials any more"
        return JobStart.error(name, "\(fact): \(error.detail)")
    }

    /// The error for a Job that ended without a result.
    private func failure(
        of name: String, _ failure: JobState.Failure?, unreadable: RepositoryError?, _ kubectl: Kubectl
    ) async -> KubernetesError {
        if failure == nil, let unreadable {
            return KubernetesError(
                .failed, operation: "job '\(name)'",
                "it ended, and dr cannot read its result in the store: \(unreadable.detail)",
                hint: unreadable.reason == .encrypted
                    ? "give dr and the Job the same document key: `store: document_key:` in both configurations" : nil)
        }
        let reason = failure?.message ?? "it ended, and its result is not in the store"
        let words = try? await kubectl.run(["logs", "job/\(name)", "--tail=3"])
        let tail = words.map { ": \($0.split(whereSeparator: \.isNewline).joined(separator: "; "))" } ?? ""
        return JobStart.error(name, reason + tail)
    }

    private func remove(_ name: String, _ kubectl: Kubectl) async { await kubectl.removeJob(name) }
}

/// The wait for a pod of a Job, with the reason why none runs.
private struct JobStart {
    let name: String
    let kubectl: Kubectl
    let within: Period
    private var idle = SignTime()
    private var telling = WaitReasons()
    private var nextLook = ContinuousClock.now + .seconds(1)

    init(name: String, kubectl: Kubectl, within: Period) {
        self.name = name
        self.kubectl = kubectl
        self.within = within
    }

    static func error(_ name: String, _ detail: String) -> KubernetesError {
        KubernetesError(.failed, operation: "job '\(name)'", detail)
    }

    /// The state of the Job is not known.
    mutating func skip() { idle.note(nil) }

    /// - Parameter ready: the number of pods that run.
    /// - Throws: `KubernetesError` if none runs for too long.
    mutating func look(ready: Int, _ job: JSONValue, progress: WorkProgress, tell: (String) -> Void) async throws {
        guard ready == 0 else {
            idle.note(false)
            telling = WaitReasons()
            nextLook = .now + .seconds(1)
            return
        }
        idle.note(true)
        let isLate = idle.duration > within.duration
        guard isLate || ContinuousClock.now >= nextLook else { return }
        let found = try await ClusterReasons(kubectl).reason(ofWorkload: job, selector: JobState.selector(name))
        let reason = found ?? "none of its pods is ready"
        // Each look takes several requests.
        nextLook = .now + .seconds(2)
        if isLate { throw Self.error(name, "its pod did not run within \(within): \(reason)") }
        progress.update { $0.phase = "waiting for the job: \(reason)" }
        if telling.isNew(reason, at: .now) { tell("the job does not run: \(reason)") }
    }
}

extension Kubectl {
    /// Removes a Job and its pods. Uses a separate task, because a cancelled one must still clean up.
    func removeJob(_ name: String) async {
        await Task {
            _ = try? await run(["delete", "job", name, "--ignore-not-found", "--cascade=background", "--wait=false"])
        }.value
    }
}
