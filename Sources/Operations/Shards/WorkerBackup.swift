import BackupRepository
import Components
import Documents
import FoundationEssentials
import Platform
import StackConfiguration

/// The backup of a component by several processes of this machine.
///
/// They store a share of its files each. This process then walks the whole component, takes what they stored as unchanged,
/// and stores the rest: the set never depends on a worker.
struct WorkerBackup: RemoteComponent {
    let component: ComponentConfiguration
    let session: Session
    /// Makes the engine from the environment of the workers; nil for processes.
    var engine: (@Sendable (_ environment: [String: String]) -> any ShardEngine)?

    /// The time of a process; a hanging one is ended much earlier, when it makes no progress.
    private static let longest = Duration.seconds(7 * 86400)

    func backUp(
        _ job: ComponentJob, in repository: Repository, progress: WorkProgress,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String>
    ) async throws -> ComponentJob.Result {
        let began = ContinuousClock.now
        let count = component.workers
        let parts = PartCollection(
            run: job.run, component: component.name, proof: PartProof(), life: .days(7), repository: repository)
        let state = try session.state(of: repository)
        let shards = (0..<count).compactMap { Shard($0, of: count) }
        await session.pool.run { state.shareCatalog(of: component.name, with: shards, ofRun: job.run) }
        var shared = job
        shared.lanes = lanes(of: count)
        let sharded = ShardedBackup(
            component: component.name, count: count, within: component.stallTimeout,
            stallLimit: component.stallTimeout.duration / 2,
            engine: try engine(shared, parts.proof), parts: parts, pool: session.pool)
        let outcome: ShardedBackup.Outcome
        do {
            outcome = try await sharded.run(progress: progress)
            await session.pool.run { state.removeWorkers(of: component.name, ofRun: job.run) }
        } catch {
            await session.pool.run { state.removeWorkers(of: component.name, ofRun: job.run) }
            throw error
        }
        var job = job
        job.parts = outcome.parts
        let source = try component.settings.source(session.context(of: component.name))
        var result = try await job.run(
            source, in: repository, state: state, progress: progress, pool: session.pool, logger: session.logger,
            tool: Release.tool, clock: { [clock = session.clock] in clock.seconds },
            disk: session.configuration.limits.disk.map { RateLimit(bytesPerSecond: $0) }, doomed: doomed)
        await session.pool.run { outcome.removeManifests(of: component.name, from: repository.store) }
        result.seconds = (ContinuousClock.now - began) / .seconds(1)
        result.added = result.added + outcome.added
        result.warnings += outcome.warnings
        return result
    }

    /// The packs that each worker writes at the same time: together as many as one per core, and one more each, since one
    /// usually waits for the disk.
    private func lanes(of count: Int) -> Int {
        if let parallelism = session.configuration.limits.parallelism { return max(1, parallelism / count) }
        return min(max(1, ProcessInfo.processInfo.activeProcessorCount / count) + 1, 4)
    }

    /// The processes have the configuration and the environment of this one, and so its rights.
    private func engine(_ job: ComponentJob, _ proof: PartProof) throws -> any ShardEngine {
        var environment = ProcessInfo.processInfo.environment
        environment[ComponentPart.jobVariable] = try JSONDecoding.text(job)
        environment[PartProof.variable] = proof.key
        environment[ComponentPart.factsVariable] = nil
        if let engine { return engine(environment) }
        let program = Program(
            OwnProgram.path,
            [
                "mover", "run", "--config", session.file, "--component", component.name, "--shards",
                "\(component.workers)",
            ], environment: environment, timeout: Self.longest)
        return WorkerProcesses(program, count: component.workers)
    }
}
