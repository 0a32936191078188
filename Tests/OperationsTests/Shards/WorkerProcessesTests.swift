import BackupRepository
import Foundation
import Lab
import Platform
import Synchronization
import Testing

@testable import Operations

/// The processes that store a component together, as their coordinator sees them.
@Suite struct WorkerProcessesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("workers") }

    private func workers(_ script: String, count: Int = 3, job: String = "") -> WorkerProcesses {
        var program = Program(
            "/bin/sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin"], folder: folder.path)
        program.input = .bytes(Array(job.utf8))
        return WorkerProcesses(program, count: count)
    }

    private func wait(for workers: WorkerProcesses) async throws {
        try await Patience.wait(until: "the workers have ended") { await workers.state() == .ended }
    }

    private func lines(_ name: String) throws -> [String] {
        let text = try String(contentsOf: folder.url.appending(path: name), encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }

    @Test func `each shard has a process with its index`() async throws {
        let workers = workers("echo $JOB_COMPLETION_INDEX >> started")
        try await workers.start()
        try await wait(for: workers)
        #expect(try lines("started").sorted() == ["0", "1", "2"])
        await workers.remove()
    }

    @Test func `a worker and its replacement get the whole of a large job`() async throws {
        let job = String(repeating: "x", count: 1 << 20)
        let workers = workers("wc -c >> sizes; mkdir died && kill -9 $$; true", count: 1, job: job)
        try await workers.start()
        try await wait(for: workers)
        #expect(try lines("sizes") == ["1048576", "1048576"])
    }

    @Test func `a worker that a signal kills is replaced`() async throws {
        let workers = workers(
            """
            echo $JOB_COMPLETION_INDEX >> started
            [ $JOB_COMPLETION_INDEX = 1 ] && mkdir died && kill -9 $$
            true
            """)
        try await workers.start()
        try await wait(for: workers)
        #expect(try lines("started").sorted() == ["0", "1", "1", "2"])
    }

    @Test func `a worker that dies again and again is given up`() async throws {
        let workers = workers("echo $JOB_COMPLETION_INDEX >> started; echo too large >&2; kill -9 $$", count: 2)
        try await workers.start()
        try await wait(for: workers)
        #expect(try lines("started").sorted() == ["0", "0", "0", "1", "1", "1"])
        #expect(await workers.reasons()[0] == "its process ended with status 137: too large")
    }

    @Test func `a worker that ends by itself is not replaced`() async throws {
        let workers = workers("echo x >> started; echo dr: no access >&2; echo hint: ask >&2; exit 1", count: 2)
        try await workers.start()
        try await wait(for: workers)
        #expect(try lines("started").count == 2)
        #expect(await workers.reasons()[1] == "its process ended with status 1: no access")
    }

    @Test func `a worker tells its progress in lines`() async throws {
        let workers = workers(
            """
            echo not a document
            printf '{"phase":"storing","files":1,"totalFiles":2,"bytes":3,"totalBytes":4,"transferred":5}'
            echo
            """, count: 2)
        try await workers.start()
        try await wait(for: workers)
        let states = await workers.progress()
        #expect(states.count == 2 && states.allSatisfy { $0.files == 1 && $0.transferred == 5 }, "\(states)")
    }

    @Test func `a process that does not end is named`() async throws {
        let program = Program("/bin/sh", environment: [:])
        let started = Mutex(0)
        let workers = WorkerProcesses(program, count: 2) { program, _, left in
            started.withLock { $0 += 1 }
            // What `Program` does with a process that waits in the kernel.
            let isFirst = program.environment[ComponentPart.indexVariable] == "0"
            do { while true { try sleepUnlessCancelled(.seconds(60)) } } catch {
                if isFirst { left(4711) }
                throw error
            }
        }
        try await workers.start()
        try await Patience.wait(until: "both run") { started.withLock { $0 } == 2 }
        let left = await workers.remove()
        #expect(left.count == 1 && left.first?.hasPrefix("process 4711, the worker of part 0,") == true, "\(left)")
        #expect(await workers.state() == .ended)
    }

    @Test func `workers end with their coordinator`() async throws {
        let workers = workers("echo $$ >> started; exec sleep 600", count: 2)
        try await workers.start()
        try await Patience.wait(until: "both run") { (try? lines("started").count) == 2 }
        await workers.remove()
        #expect(await workers.state() == .ended)
        for line in try lines("started") {
            let process = try #require(pid_t(line))
            #expect(kill(process, 0) != 0, "process \(process) runs on")
        }
    }
}
