import BackupRepository
import FoundationEssentials
import Platform
internal import Synchronization

/// The shards of a component in processes of this machine: each runs this program.
///
/// A worker that dies is replaced. One that ends by itself is not: it left its result, or said why it has none.
final class WorkerProcesses: ShardEngine {
    private let program: Program
    private let count: Int
    private let pool: BlockingPool
    private let running: Running
    private let state: Mutex<State>

    /// Runs a program to its end, passes on its output, and tells the process that was stopped and does not end.
    typealias Running =
        @Sendable (
            Program, _ output: (UnsafeRawBufferPointer) throws -> Void, _ left: (CInt) -> Void
        ) throws -> ProgramEnd

    private struct State {
        var workers: [Worker]
        var tasks: [Task<Void, Never>] = []
    }

    private struct Worker: Sendable {
        var hasEnded = false
        var progress: WorkProgress.State?
        /// Why it left no result.
        var reason: String?
        /// Its process, if that was stopped and has not ended.
        var left: CInt?
    }

    /// The processes that a shard may use up before it is left to the second phase.
    private static let attempts = 3
    /// Bytes of a line; a longer one is not of a worker.
    private static let longestLine = 64 << 10

    /// - Parameters:
    ///   - program: stores the share whose index its environment has.
    ///   - count: the number of shards.
    init(
        _ program: Program, count: Int, running: @escaping Running = { try $0.run(output: $1, left: $2) }
    ) {
        self.program = program
        self.running = running
        self.count = count
        pool = BlockingPool(threads: count)
        state = Mutex(State(workers: Array(repeating: Worker(), count: count)))
    }

    var rest: String { "one process" }
    var pause: Duration { .zero }

    func start() async throws {
        for index in 0..<count {
            let task = Task.detached { [self] in await work(index) }
            state.withLock { $0.tasks.append(task) }
        }
    }

    func state() async -> ShardsState {
        state.withLock { state in
            state.workers.allSatisfy(\.hasEnded) ? .ended : .running(isAny: true)
        }
    }

    func progress() async -> [WorkProgress.State] { state.withLock { $0.workers.compactMap(\.progress) } }

    func reasons() async -> ShardReasons {
        let reasons = state.withLock { $0.workers.map(\.reason) }
        return ShardReasons(
            Dictionary(uniqueKeysWithValues: reasons.enumerated().map { ($0, $1) }).compactMapValues { $0 })
    }

    @discardableResult func remove() async -> [String] {
        let tasks = state.withLock { $0.tasks }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        return state.withLock { $0.workers }.enumerated().compactMap { index, worker in
            worker.left.map { id in
                "process \(id), the worker of part \(index), does not end, even by SIGKILL: it waits for a disk or a "
                    + "network share\nhint: `cat /proc/\(id)/stack` as root shows where it waits"
            }
        }
    }

    /// Runs the worker of a shard, and its replacements.
    private func work(_ index: Int) async {
        var reason = "its process did not start"
        for _ in 0..<Self.attempts where !Task.isCancelled {
            do {
                let end = try await pool.run { [self] in try run(index) }
                reason = "its process ended with status \(end.status)\(Self.lastWords(end.errors))"
                // A shell, too, tells a signal by a status above 128.
                if end.status <= 128 { break }
            } catch is CancellationError {
                reason = "its process was ended"
            } catch {
                reason = "\(error)"
                break
            }
        }
        state.withLock { [reason] state in
            state.workers[index].reason = reason
            state.workers[index].hasEnded = true
        }
    }

    /// The last line that is not advice.
    private static func lastWords(_ errors: String) -> String {
        let lines = errors.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("hint:") }
        return lines.last.map { ": " + ($0.hasPrefix("dr: ") ? $0.dropFirst(4) : $0[...]) } ?? ""
    }

    /// Runs one process to its end. Blocks.
    private func run(_ index: Int) throws -> ProgramEnd {
        var program = program
        program.environment[ComponentPart.indexVariable] = "\(index)"
        var line: [UInt8] = []
        func take(_ piece: UnsafeRawBufferPointer) {
            for byte in piece {
                guard byte == UInt8(ascii: "\n") else {
                    if line.count < Self.longestLine { line.append(byte) }
                    continue
                }
                let text = String(decoding: line, as: UTF8.self)
                line.removeAll(keepingCapacity: true)
                guard let found = try? JSONDecoding.decode(WorkProgress.State.self, text) else { continue }
                state.withLock { $0.workers[index].progress = found }
            }
        }
        return try running(program, take) { id in state.withLock { $0.workers[index].left = id } }
    }
}
