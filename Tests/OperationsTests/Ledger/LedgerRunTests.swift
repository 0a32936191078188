import BackupRepository
import Cryptography
import FileTree
import Foundation
import Lab
import ObjectStorage
import Platform
import RecoveryPlan
import StackConfiguration
import Synchronization
import Testing

@testable import Operations

@Suite("Entries of runs") struct LedgerRunTests {
    private let folder: TemporaryFolder
    private let session: Session
    private let repository: Repository
    private var output: Output { Output(options: session.options) }

    init() throws {
        folder = try TemporaryFolder("ledger-run")
        let text = """
            store: {url: "file://\(folder.path)/repository"}
            state: \(folder.path)/state
            components:
              tree: {kind: files, data: \(folder.path)/data}

            """
        let file = folder.url.appending(path: "dr.yaml")
        try Data(text.utf8).write(to: file)
        var options = OutputOptions()
        options.quiet = true
        session = try Session(options, configuration: file.path, kinds: [FilesComponent.self])
        let store = try StoreFactory.make(session.configuration.store, create: true, logger: session.logger)
        repository = try Repository.create(in: store, tool: "dr 1", now: session.now()).0
        _ = try session.state(of: repository)
    }

    private func entries() throws -> [String] {
        let ledger = RunLedger(repository)
        return try ledger.listing().numbers.map { number in
            let entry = try ledger.read(number)?.entry
            return "\(entry?.activity.rawValue ?? "?") \(entry?.phase.rawValue ?? "?") \(entry?.verdict ?? "-")"
        }
    }

    @Test func `a run writes its begin and its end, which names the begin`() async throws {
        var run = LedgerRun(of: .drill, in: session, telling: output, run: "r")
        await run.begin(in: repository, announces: true)
        #expect(run.begun?.number == 1)
        #expect(run.begun?.previous == nil)
        await run.end("passed", exitCode: 0, in: repository)
        #expect(try entries() == ["drill begun -", "drill ended passed"])
        #expect(try RunLedger(repository).read(2)?.entry?.begun == 1)
        #expect(try session.state(of: repository).ledgerHead()?.number == 2)
    }

    @Test func `the next run writes the end of a run whose store was away`() async throws {
        do {
            var run = LedgerRun(of: .backup, in: session, telling: output)
            await run.end("failed", exitCode: 1, in: nil)
        }
        #expect(try entries() == [])
        var next = LedgerRun(of: .backup, in: session, telling: output)
        await next.begin(in: repository)
        await next.end("complete", exitCode: 0, in: repository)
        #expect(try entries() == ["backup ended failed", "backup ended complete"])
    }

    @Test func `the next run writes that a run was abandoned`() async throws {
        do {
            var run = LedgerRun(of: .recovery, in: session, telling: output)
            await run.begin(in: repository, announces: true)
        }
        var next = LedgerRun(of: .backup, in: session, telling: output)
        await next.begin(in: repository)
        await next.end("complete", exitCode: 0, in: repository)
        #expect(try entries() == ["recovery begun -", "recovery abandoned -", "backup ended complete"])
        #expect(try RunLedger(repository).read(2)?.entry?.begun == 1)
    }

    @Test func `an interrupted run leaves its end to the next run`() async throws {
        let (session, output, repository) = (session, output, repository)
        let task = Task {
            var run = LedgerRun(of: .backup, in: session, telling: output)
            withUnsafeCurrentTask { $0?.cancel() }
            await run.end("failed", exitCode: 130, in: repository)
        }
        await task.value
        #expect(try entries() == [])
        var next = LedgerRun(of: .verification, in: session, telling: output)
        await next.begin(in: repository)
        #expect(try entries() == ["backup ended failed"])
        await next.end("good", exitCode: 0, in: repository)
    }

    @Test func `a usage error of a run without a begin leaves nothing`() async throws {
        var run = LedgerRun(of: .rehearsal, in: session, telling: output)
        await run.begin(in: repository)
        await run.end("failed", after: UsageError("no such path"), in: repository)
        var next = LedgerRun(of: .backup, in: session, telling: output)
        await next.begin(in: repository)
        #expect(try entries() == [])
        await next.end("complete", exitCode: 0, in: repository)
    }

    @Test(arguments: [
        (CancellationError() as any Error, 130, "interrupted"), (UsageError("bad"), 2, "bad"),
        (FileError("f", detail: "first\nhint: second"), 1, "first"),
    ])
    func `an error ends a run with its exit code and its first line`(
        _ error: any Error, _ code: Int, _ reason: String
    ) async throws {
        var run = LedgerRun(of: .drill, in: session, telling: output)
        await run.begin(in: repository, announces: true)
        await run.end("inconclusive", after: error, in: repository)
        let entry = try #require(try RunLedger(repository).read(2)?.entry)
        #expect(entry.exitCode == code)
        #expect(entry.reason?.contains(reason) == true)
        #expect(entry.reason?.contains("\n") == false)
    }

    @Test func `a row shows the components`() {
        var entry = LedgerEntry(.heal, .ended, run: "r", at: session.now(), host: "vault", tool: "dr 1")
        entry.components = ["loki", "tree"]
        #expect(LedgerList.Row(number: 1, sha256: Digest(of: []), entry: entry).text.contains("vault; loki, tree"))
    }

    @Test func `a heal that leaves a missing part is not intact, and has not read that part`() {
        let objects = HealedObjects(set: session.now(), changes: false, isDryRun: false)
        objects.add(ImportedObject("dashboard", "there", outcome: .same))
        objects.add(ImportedObject("dashboard", "gone", outcome: .create))
        let result = HealResult(component: "grafana", isDryRun: false, objects.report)
        #expect(result.verdict == "missing")
        #expect(result.text.contains("read 1 part: 0 damaged, 1 missing"))
    }

    @Test func `a run without a begin costs one request in the usual case`() async throws {
        var first = LedgerRun(of: .backup, in: session, telling: output)
        await first.begin(in: repository)
        await first.end("complete", exitCode: 0, in: repository)
        let counting = CountingStore(try session.store())
        let counted = try Repository(opening: counting)
        let before = counting.calls.count
        var run = LedgerRun(of: .backup, in: session, telling: output)
        await run.begin(in: counted)
        await run.end("complete", exitCode: 0, in: counted)
        #expect(counting.calls.dropFirst(before) == ["put marks/ledger/000000000002.json"])
    }

    @Test func `a backup writes its entry and names the ledger that it knew`() async throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/data", withIntermediateDirectories: true)
        for _ in 0..<2 {
            var job = try BackupJob(session, output, only: [])
            job.readsShare = false
            job.prunes = false
            _ = try await job.run()
        }
        #expect(try entries() == ["backup ended complete", "backup ended complete"])
        let sets = try repository.setNames().map { try repository.set($0) }
        #expect(sets.map { $0.ledger?.number } == [nil, 1])
        let entry = try #require(try RunLedger(repository).read(2)?.entry)
        #expect(entry.run == sets[1].run)
        #expect(entry.set?.sha256 == (try repository.digest(ofSet: sets[1].name)))
        let report = try await RunLedger(repository).verify(known: nil, pool: session.pool)
        #expect(report.findings == [])
        #expect(report.sets == 1)
    }
}
