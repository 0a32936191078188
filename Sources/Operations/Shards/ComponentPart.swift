import BackupRepository
import Components
import FoundationEssentials
import Platform
import StackConfiguration

/// The process of a pod or of a worker: stores its component with its own configuration, and leaves the result in the
/// store.
package struct ComponentPart {
    /// The variables of the process that have its task.
    static let jobVariable = "DR_JOB"
    static let factsVariable = "DR_FACTS"
    static let indexVariable = "JOB_COMPLETION_INDEX"

    private let session: Session
    private let component: ComponentConfiguration
    private let data: String?
    /// The number of processes that store the component; nil for one.
    private let shards: Int?

    /// - Parameters:
    ///   - data: the data directory in this pod; nil for that of the configuration.
    ///   - shards: the number of processes that store the component; nil for one.
    /// - Throws: `UsageError` for a component that the configuration does not have.
    package init(_ session: Session, component name: String, data: String?, shards: Int?) throws {
        self.session = session
        self.shards = shards
        guard let component = try session.chosen([name]).first else {
            throw UsageError("there is no component '\(name)' in the configuration")
        }
        self.component = component
        self.data = data
    }

    /// - Parameter tell: receives the progress, one line at a time.
    package func run(environment: [String: String], tell: @escaping @Sendable (String) -> Void) async throws {
        guard let text = environment[Self.jobVariable],
            var job = try? JSONDecoding.decode(ComponentJob.self, text), job.component == component.name
        else { throw UsageError("\(Self.jobVariable) is not the job of component '\(component.name)'") }
        guard let proof = PartProof(key: environment[PartProof.variable]) else {
            throw UsageError("\(PartProof.variable) is not the key of a job")
        }
        job.shard = try shard(environment)
        let facts = environment[Self.factsVariable]
            .flatMap { try? JSONDecoding.decode([String: String].self, $0) }
        let repository = try await session.writableRepository()
        let settings =
            try data.map { try session.settings(component, data: $0, isInCluster: true) } ?? component.settings
        var source = try settings.source(session.context(of: component.name))
        if let facts { source = PlacedSource(source: source, facts: facts) }
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
        let disk = session.configuration.limits.disk.map { RateLimit(bytesPerSecond: max(1, $0 / (shards ?? 1))) }
        var mark = PartMark(
            at: session.now(), run: job.run, component: component.name, shard: job.shard, isStoreFull: false)
        var failure: (any Error)?
        do {
            mark.result = try await job.run(
                source, in: repository, state: try state(of: repository, environment, run: job.run), progress: progress,
                pool: session.pool, logger: session.logger, tool: Release.tool,
                clock: { [clock = session.clock] in clock.seconds }, disk: disk
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

    /// Workers on one machine have a folder each; pods have a machine each.
    private func state(
        of repository: Repository, _ environment: [String: String], run: String
    ) throws -> StateFolder {
        let state = try session.state(of: repository)
        guard data == nil, let shard = try shard(environment) else { return state }
        return try state.folder(ofWorker: shard, of: component.name, run: run)
    }

    private func shard(_ environment: [String: String]) throws -> Shard? {
        guard let shards else { return nil }
        let variable = Self.indexVariable
        guard let index = environment[variable].flatMap({ Int($0) }), let shard = Shard(index, of: shards) else {
            throw UsageError("\(variable) is not the index of one of \(shards) shards")
        }
        return shard
    }
}
