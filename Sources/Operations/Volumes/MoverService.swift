import BackupRepository
package import Components
import Cryptography
import Documents
import FoundationEssentials
import Glibc
import Logging
package import Mover
package import Platform
import StackConfiguration

/// The mover's side of the work: a component's own code, on the volume that is mounted here.
package struct MoverService: Conversation.Answering {
    private let kinds: [any ComponentKind.Type]
    /// A private folder for catalogs and files, which may be empty.
    private let folder: String
    private let pool: BlockingPool
    private let logger: Logger

    package init(kinds: [any ComponentKind.Type], folder: String, pool: BlockingPool) {
        self.kinds = kinds
        self.folder = folder
        self.pool = pool
        var logger = Logger(label: "dr mover") { _ in ErrorLog() }
        logger.logLevel = .warning
        self.logger = logger
    }

    package func answer(_ request: [UInt8], _ call: Call, in conversation: Conversation) async throws {
        switch try Call.decode(MoverRequest.self, request).operation {
        case .end:
            try call.finish([] as [String])
            _ = try? conversation.link.flush(within: .seconds(5))
            conversation.link.end(LinkError(.closed, "the work is done"))
        case .order:
            let order = try await pool.run { try Self.order(from: call) }
            let progress = WorkProgress()
            let result = try await reporting(progress, to: call) {
                try await carryOut(order, progress, conversation: conversation)
            }
            try await pool.run { try call.finish(result) }
        }
    }

    /// A longer order is not one.
    private static let longestOrder = 64 << 20

    private static func order(from call: Call) throws -> MoverOrder {
        var bytes: [UInt8] = []
        _ = try call.result { piece in
            guard bytes.count + piece.count <= longestOrder else {
                throw LinkError(.malformed, "the order is too long")
            }
            bytes += piece
        }
        let order = try Call.decode(MoverOrder.self, bytes)
        guard order.tool == Release.tool else {
            throw UsageError(
                "the mover runs \(Release.tool), and the coordinator \(order.tool): set `kubernetes: image:` to the same "
                    + "version")
        }
        return order
    }

    /// Sends the progress once a second, also as a sign that the mover works.
    private func reporting<Value: Sendable>(
        _ progress: WorkProgress, to call: Call, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                var last: WorkProgress.State?
                while !Task.isCancelled {
                    let state = progress.state
                    if state != last, let piece = try? JSONEncoder().encode(state) {
                        try await pool.run { try call.write(piece.span.bytes) }
                    }
                    last = state
                    try await Task.sleep(for: .seconds(1))
                }
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() { if let value { return value } }
            throw CancellationError()
        }
    }

    // MARK: The work

    private func carryOut(
        _ order: MoverOrder, _ progress: WorkProgress, conversation: Conversation
    ) async throws -> MoverResult {
        let store = RemoteStore(conversation, location: order.store.location)
        if case .discard(let path) = order.task {
            try await pool.run { try PreviousContent.remove(path) }
            return MoverResult()
        }
        var repository = try await pool.run { try Repository(opening: store) }
        repository.encryption.recipients = try order.store.recipients.flatMap { pem in
            try RecoveryCertificate.all(in: Array(pem.utf8), name: "a recipient of the order")
        }
        repository.encryption.allowsClear = order.store.allowsClear
        repository.encryption.delegate = RemoteKeys(store)
        let settings = try settings(of: order)
        var context = ComponentContext(
            name: order.component,
            environment: ProcessInfo.processInfo.environment.merging(order.environment) { $1 }, pool: pool,
            userAgent: Release.userAgent, now: { WallClock.system.milliseconds })
        context.encryptsBackups = !order.store.recipients.isEmpty
        context.kinds = kinds
        switch order.task {
        case .discard: return MoverResult()
        case .backup(let job):
            guard let settings else { throw UsageError("the order has no settings of '\(order.component)'") }
            let source = PlacedSource(source: try settings.source(context), facts: order.facts)
            let state = try StateFolder("\(folder)/state", repository: repository.description)
            return MoverResult(
                backup: try await job.run(
                    source, in: repository, state: state, progress: progress, pool: pool, logger: logger,
                    tool: Release.tool, clock: { WallClock.system.seconds }
                ) { try store.doomed($0) })
        case .restore(let restore):
            var work = try await self.restore(
                restore, order, repository: repository, settings: settings, context: context, progress: progress)
            work.mayReplace = { try store.mayReplace() }
            var report = try await work.run()
            if restore.discardsPrevious { await discardPrevious(&report) }
            return MoverResult(restored: report)
        case .plan(let restore):
            let work = try await self.restore(
                restore, order, repository: repository, settings: settings, context: context, progress: progress)
            return MoverResult(plan: try await work.plan())
        }
    }

    private func restore(
        _ restore: MoverOrder.RestoreOrder, _ order: MoverOrder, repository: Repository,
        settings: (any ComponentKind)?, context: ComponentContext, progress: WorkProgress
    ) async throws -> ComponentRestore {
        let (manifest, target) = try await pool.run {
            let manifest = try repository.manifest(order.component, restore.manifest, sha256: restore.sha256)
            let target = try RestoreTarget(
                restore.directory, identity: "\(order.component)-\(manifest.name)", stamp: restore.stamp,
                replace: restore.replaces)
            return (manifest, target)
        }
        var work = ComponentRestore(
            repository: repository, manifest: manifest, target: target, pool: pool, progress: progress)
        work.paths = restore.paths
        work.slice = restore.slice.map { RestoreSlice(tenants: $0.tenants, times: min($0.from, $0.to)...$0.to) }
        if let uid = restore.uid, let gid = restore.gid { work.owner = .fixed(uid: uid, gid: gid) }
        work.keepsSetuid = restore.keepsSetuid
        work.usesSeeds = restore.usesSeeds
        work.seeds = restore.seeds
        work.presentName = "the volume"
        work.lanes = Session.coresUsed
        let kind = kinds.first { $0.name == order.kind }
        work.restorer = try kind.flatMap { try $0.inspector(of: settings, context) }
        return work
    }

    private func discardPrevious(_ report: inout ComponentRestore.Report) async {
        guard let kept = report.kept else { return }
        guard report.shortfall?.isSerious != true else {
            report.advice.append(
                "the previous content is not removed, because the restored files do not have their owner")
            return
        }
        do {
            try await pool.run { try PreviousContent.remove(kept) }
            (report.kept, report.discarded) = (nil, kept)
        } catch { report.advice.append("the previous content was replaced, but not removed: \(error)") }
    }

    /// Reads the component's settings with its kind's own keys.
    private func settings(of order: MoverOrder) throws -> (any ComponentKind)? {
        guard let entry = order.entry else { return nil }
        for (name, content) in order.files {
            guard name.wholeMatch(of: /[a-z0-9-]{1,40}/) != nil else { throw UsageError("a file has a wrong name") }
            try OutputFile.write([UInt8](content), to: "\(folder)/\(name)", mode: 0o600, links: .refuse)
        }
        let keys = try JSONValue(parsing: [UInt8](entry)).adding(["kind": .string(order.kind)])
        let document: JSONValue = [
            "store": ["url": "file:///nowhere"], "components": .object([order.component: keys]),
        ]
        let configuration = try ConfigurationFile.parse(
            String(decoding: document.compact, as: UTF8.self), file: "the order", folder: folder, kinds: kinds)
        return configuration.components.first?.settings
    }
}

/// The result of a mover's work.
struct MoverResult: Codable, Sendable {
    var backup: ComponentJob.Result?
    var restored: ComponentRestore.Report?
    var plan: ComponentRestore.Plan?
}

extension ComponentKind {
    fileprivate static func inspector(
        of settings: (any ComponentKind)?, _ context: ComponentContext
    ) throws -> (any ComponentRestorer)? {
        try restorer(settings as? Self, context)
    }
}
