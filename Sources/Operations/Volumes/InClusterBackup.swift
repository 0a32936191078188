import BackupRepository
import Components
import Documents
import Foundation
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
    /// Finds the volume.
    let host: @Sendable () async throws -> ClusterMover

    /// Variables of the Job's container.
    static let jobVariable = "DR_JOB"
    static let factsVariable = "DR_FACTS"

    func backUp(
        _ job: ComponentJob, in repository: Repository, progress: WorkProgress,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String>
    ) async throws -> ComponentJob.Result {
        progress.update { $0.phase = "finding the volume" }
        let host = try await host()
        var pod = MoverPod(
            name: "dr-\(component.name.prefix(40))-\(job.run.prefix(12))",
            purpose: .backup(writes: !component.settings.writablePaths.isEmpty), place: host.place,
            cluster: host.cluster, labels: MoverPod.labels(run: job.run, component: component.name, stack: host.stack))
        pod.allowsRoot = volume.allowsRoot
        let parts = PartCollection(
            run: job.run, component: component.name, proof: PartProof(), life: host.cluster.deadline,
            repository: repository)
        let document = try self.document(pod, job, facts: try await host.facts(), proof: parts.proof)
        progress.update { $0.phase = "starting the job" }
        try await host.kubectl.create(document)
        do {
            let result = try await wait(
                pod.name, parts, kubectl: host.kubectl, progress: progress)
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
            var stored = result
            stored.warnings += await host.warnings()
            return stored
        } catch {
            await remove(pod.name, host.kubectl)
            throw error
        }
    }

    private func document(_ pod: MoverPod, _ job: ComponentJob, facts: [String: String], proof: PartProof) throws
        -> JSONValue
    {
        let podDocument = try pod.document()
        var spec = podDocument["spec"]?.object ?? [:]
        var container = spec["containers"]?.array?.first?.object ?? [:]
        container["command"] = [
            "dr", "mover", "run", "--config", "/etc/dr/dr.yaml", "--component", .string(component.name), "--data",
            .string(pod.place.data),
        ]
        container["env"] = .array(
            (container["env"]?.array ?? []) + [
                ["name": .string(Self.jobVariable), "value": .string(try JSONDecoding.text(job))],
                ["name": .string(Self.factsVariable), "value": .string(try JSONDecoding.text(facts))],
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
        return [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
            "spec": [
                "backoffLimit": 0, "completions": 1, "parallelism": 1, "ttlSecondsAfterFinished": 3600,
                "template": [
                    "metadata": ["labels": metadata["labels"] ?? [:]], "spec": .object(spec),
                ],
            ],
        ]
    }

    private func wait(
        _ name: String, _ parts: PartCollection, kubectl: Kubectl, progress: WorkProgress
    ) async throws -> ComponentJob.Result {
        var ended: ContinuousClock.Instant?
        var last = ""
        while true {
            let found = try await pool.run { try parts.take() }
            if let mark = found.marks.first {
                guard let result = mark.result else {
                    throw ComponentJobFailure(
                        detail: mark.failure ?? "it failed without a reason", isStoreFull: mark.isStoreFull)
                }
                return result
            }
            // The API server may be away: the Job works all the same.
            let status = try? await kubectl.object("job/\(name)")
            if let status {
                let conditions = status["status"]?["conditions"]?.array ?? []
                let failed = conditions.first { $0["type"]?.text == "Failed" && $0["status"]?.text == "True" }
                let isComplete = conditions.contains { $0["type"]?.text == "Complete" && $0["status"]?.text == "True" }
                if failed != nil || isComplete { ended = ended ?? .now }
                if let ended, ContinuousClock.now - ended > .seconds(found.unreadable == nil ? 30 : 5) {
                    if failed == nil, let unreadable = found.unreadable {
                        throw KubernetesError(
                            .failed, operation: "job '\(name)'",
                            "it ended, and dr cannot read its result in the store: \(unreadable.detail)",
                            hint: unreadable.reason == .encrypted
                                ? "give dr and the Job the same document key: `store: document_key:` in both configurations"
                                : nil)
                    }
                    let reason = failed?["message"]?.text ?? "it ended, and its result is not in the store"
                    let words = try? await kubectl.run(["logs", "job/\(name)", "--tail=3"])
                    let tail = words.map { ": \($0.split(whereSeparator: \.isNewline).joined(separator: "; "))" } ?? ""
                    throw KubernetesError(.failed, operation: "job '\(name)'", reason + tail)
                }
            }
            if let line = try? await kubectl.run(["logs", "job/\(name)", "--tail=1"]), line != last,
                let state = try? JSONDecoding.decode(WorkProgress.State.self, line)
            {
                last = line
                progress.update { $0 = state }
            }
            try await Task.sleep(for: .seconds(2))
        }
    }

    private func remove(_ name: String, _ kubectl: Kubectl) async {
        await Task {
            _ = try? await kubectl.run([
                "delete", "job", name, "--ignore-not-found", "--cascade=background", "--wait=false",
            ])
        }.value
    }
}

/// The process of such a Job: stores its component with its own configuration, and leaves the result in the store.
package struct InClusterPart {
    private let session: Session
    private let component: ComponentConfiguration
    private let data: String

    /// - Parameter data: the data directory in this pod.
    /// - Throws: `UsageError` for a component that the configuration does not have.
    package init(_ session: Session, component name: String, data: String) throws {
        self.session = session
        guard let component = try session.chosen([name]).first else {
            throw UsageError("there is no component '\(name)' in the configuration")
        }
        self.component = component
        self.data = data
    }

    /// - Parameter tell: receives the progress, one line at a time.
    package func run(environment: [String: String], tell: @escaping @Sendable (String) -> Void) async throws {
        guard let text = environment[InClusterBackup.jobVariable],
            let job = try? JSONDecoding.decode(ComponentJob.self, text), job.component == component.name
        else { throw UsageError("\(InClusterBackup.jobVariable) is not the job of component '\(component.name)'") }
        guard let proof = PartProof(key: environment[PartProof.variable]) else {
            throw UsageError("\(PartProof.variable) is not the key of a job")
        }
        let facts = environment[InClusterBackup.factsVariable]
            .flatMap { try? JSONDecoding.decode([String: String].self, $0) }
        let repository = try await session.writableRepository()
        let settings = try session.settings(component, data: data, isInCluster: true)
        let source = PlacedSource(
            source: try settings.source(session.context(of: component.name)), facts: facts ?? [:])
        let progress = WorkProgress()
        let telling = Task {
            var last: WorkProgress.State?
            while !Task.isCancelled {
                let state = progress.state
                if state != last, let line = try? JSONDecoding.text(state) { tell(line) }
                last = state
                try await Task.sleep(for: .seconds(2))
            }
        }
        defer { telling.cancel() }
        var mark = PartMark(at: session.now(), run: job.run, component: component.name, isStoreFull: false)
        var failure: (any Error)?
        do {
            mark.result = try await job.run(
                source, in: repository, state: try session.state(of: repository), progress: progress,
                pool: session.pool, logger: session.logger, tool: Release.tool,
                clock: { [clock = session.clock] in clock.seconds }
            ) { _ in [] }
        } catch {
            mark.failure = "\(error)"
            mark.isStoreFull = (error as? ComponentJobFailure)?.isStoreFull ?? false
            failure = error
        }
        mark.at = session.now()
        try await session.pool.run { [mark] in _ = try Marks(repository).put(try proof.signed(mark)) }
        if let failure { throw failure }
    }
}
