import BackupRepository
import Components
import Cryptography
import Documents
import FoundationEssentials
import Platform
import StackConfiguration

/// The backup of a component by several processes of this machine.
///
/// They store a share of its files each. This process then walks the whole component, takes what they stored as unchanged,
/// and stores the rest: the set never depends on a worker. It does all of the work itself if that is too little for two.
struct WorkerBackup: RemoteComponent {
    let component: ComponentConfiguration
    let session: Session
    /// Makes the engine of so many workers.
    var engine: @Sendable (_ program: Program, _ count: Int) -> any ShardEngine = { WorkerProcesses($0, count: $1) }

    /// The time of a process; a hanging one is ended much earlier, when it makes no progress.
    private static let longest = Duration.seconds(7 * 86400)

    func backUp(
        _ job: ComponentJob, in repository: Repository, progress: WorkProgress,
        doomed: @escaping @Sendable (Set<String>) throws -> Set<String>
    ) async throws -> ComponentJob.Result {
        let began = ContinuousClock.now
        let state = try session.state(of: repository)
        let source = try component.settings.source(session.context(of: component.name))
        var outcome = ShardedBackup.Outcome()
        var taken: TakenCapture?
        if mostWorkers > 1 {
            let look = try await job.work(
                of: source, in: repository, state: state, progress: progress, pool: session.pool,
                logger: session.logger, clock: { [clock = session.clock] in clock.seconds })
            taken = look.taken
            let count = look.work.processes(repository.description.pack, most: mostWorkers)
            if count > 1 {
                // The workers may take hours: then there is a newer view.
                try await taken?.release()
                taken = nil
                outcome = try await storeParts(count, of: job, in: repository, state: state, progress: progress)
            }
        }
        var job = job
        job.parts = outcome.parts
        // The workers may have taken hours: the capture has its own time, not that of their start.
        job.now = session.now()
        var result = try await job.run(
            source, in: repository, state: state, progress: progress, pool: session.pool, logger: session.logger,
            tool: Release.tool, clock: { [clock = session.clock] in clock.seconds }, taken: taken,
            disk: session.configuration.limits.disk.map { RateLimit(bytesPerSecond: $0) }, doomed: doomed)
        await session.pool.run { [outcome] in outcome.removeManifests(of: component.name, from: repository.store) }
        result.seconds = (ContinuousClock.now - began - outcome.waited) / .seconds(1)
        result.added = result.added + outcome.added
        result.warnings += outcome.warnings
        return result
    }

    /// The workers that the limit of memory has room for, beside this process.
    private var mostWorkers: Int {
        guard let memory = session.configuration.limits.memory else { return component.workers }
        return min(component.workers, memory / LimitsConfiguration.leastMemory - 1)
    }

    /// Lets workers store the files, when those of no other component run.
    private func storeParts(
        _ count: Int, of job: ComponentJob, in repository: Repository, state: StateFolder, progress: WorkProgress
    ) async throws -> ShardedBackup.Outcome {
        progress.begin("waiting for the workers of another component")
        let wait = progress.beginWait()
        let came = ContinuousClock.now
        return try await session.workersTurn.with(1) {
            wait.end()
            let waited = ContinuousClock.now - came
            session.limitMemory(among: count + 1)
            defer { session.limitMemory() }
            let shards = (0..<count).compactMap { Shard($0, of: count) }
            await session.pool.run { state.shareCatalog(of: component.name, with: shards, ofRun: job.run) }
            do {
                var outcome = try await sharded(count, of: job, in: repository, state: state)
                    .run(progress: progress)
                outcome.waited = waited
                await session.pool.run { state.removeWorkers(of: component.name, ofRun: job.run) }
                return outcome
            } catch {
                await session.pool.run { state.removeWorkers(of: component.name, ofRun: job.run) }
                throw error
            }
        }
    }

    private func sharded(
        _ count: Int, of job: ComponentJob, in repository: Repository, state: StateFolder
    ) throws -> ShardedBackup {
        let parts = PartCollection(
            run: job.run, component: component.name, proof: PartProof(), life: .days(7), repository: repository)
        var shared = job
        shared.lanes = lanes(of: count)
        let program = try self.program(shared, count: count, proof: parts.proof)
        return ShardedBackup(
            component: component.name, count: count, within: component.stallTimeout,
            stallLimit: component.stallTimeout.duration / 2, engine: engine(program, count), parts: parts,
            pool: session.pool, warn: { [options = session.options] in Output(options: options).warn($0) }
        ) { left in
            // A note that cannot be written costs time only.
            await session.pool.run { _ = try? state.noteWorkersLeft(left, of: component.name, run: job.run) }
        }
    }

    /// The packs that each worker writes at the same time: together as many as one per core, and one more each, since one
    /// usually waits for the disk.
    private func lanes(of count: Int) -> Int {
        if let parallelism = session.configuration.limits.parallelism { return max(1, parallelism / count) }
        return min(max(1, ProcessInfo.processInfo.activeProcessorCount / count) + 1, 4)
    }

    /// The program of a worker: this one, with its configuration and its rights.
    private func program(_ job: ComponentJob, count: Int, proof: PartProof) throws -> Program {
        var environment = Self.environment(
            ProcessInfo.processInfo.environment, passphrase: session.configuration.store.signing?.passphrase)
        environment[PartProof.variable] = proof.key
        var program = Program(
            OwnProgram.path,
            ["mover", "run", "--config", session.file, "--component", component.name, "--shards", "\(count)"],
            environment: environment, timeout: Self.longest)
        program.input = .bytes(Array(try JSONDecoding.text(job).utf8))
        return program
    }

    /// Returns the variables for workers, of those of this process. They neither sign nor decrypt, so they get no
    /// passphrases of keys.
    /// - Parameter passphrase: of the signing key, if the configuration has it.
    static func environment(_ all: [String: String], passphrase: Secret?) -> [String: String] {
        var environment = all
        for purpose in KeyPurpose.allCases { environment[Passphrases.variable(for: purpose)] = nil }
        if case .environment(let name) = passphrase?.source { environment[name] = nil }
        for variable in [ComponentPart.jobVariable, ComponentPart.factsVariable] { environment[variable] = nil }
        return environment
    }
}
