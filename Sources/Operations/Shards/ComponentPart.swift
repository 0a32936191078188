import BackupRepository
import Components
import FoundationEssentials
import Platform
import StackConfiguration

/// The process of a pod or of a worker: stores its component with its own configuration, and leaves the result in the
/// store.
package struct ComponentPart {
    /// The variables of the process that have its task. The job of a worker is in its standard input, which has no limit.
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
        guard let component = try session.chosen([name]).first else {
            throw UsageError("there is no component '\(name)' in the configuration")
        }
        self.session = Self.unsigned(session)
        self.shards = shards
        self.component = component
        self.data = data
    }

    /// The session without the key of its signer, whose passphrase this process need not have: what it stores counts
    /// only in the set that the coordinator signs.
    private static func unsigned(_ session: Session) -> Session {
        var session = session
        session.configuration.store.signing?.key = nil
        return session
    }

    /// Returns the document of the task of this process. Blocks.
    package static func job(in environment: [String: String]) throws -> String {
        if let text = environment[jobVariable] { return text }
        let input = try InputFile.standardInput()
        var bytes: [UInt8] = []
        while true {
            let piece = try input.read(upTo: 1 << 20)
            if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece
        }
    }

    /// - Parameters:
    ///   - document: see ``job(in:)``.
    ///   - tell: receives the progress, one line at a time.
    package func run(
        _ document: String, environment: [String: String], tell: @escaping @Sendable (String) -> Void
    ) async throws {
        guard var job = try? JSONDecoding.decode(ComponentJob.self, document), job.component == component.name else {
            throw UsageError("this is not the job of component '\(component.name)'")
        }
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
        let disk = session.configuration.limits.disk.map { RateLimit(bytesPerSecond: $0) }
        disk?.share(among: shards ?? 1)
        // Pods have no folder in common.
        let notes = try data == nil && shards != nil ? session.state(of: repository) : nil
        let limits = [session.sending, disk].compactMap { $0 }
        let telling = Task { [run = job.run, name = component.name] in
            var last: WorkProgress.State?
            while !Task.isCancelled {
                let state = progress.state
                if state != last, let line = try? JSONDecoding.text(state) { tell(line) }
                last = state
                if let left = notes?.workersLeft(of: name, run: run) {
                    for limit in limits { limit.share(among: left) }
                }
                try await Task.sleep(for: .seconds(2))
            }
        }
        defer { telling.cancel() }
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
            throw UsageError("\(variable) is not the index of one of \(shards) parts")
        }
        return shard
    }
}
