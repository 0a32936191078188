import FoundationEssentials
import Glibc
import Platform
import RecoveryPlan
import Synchronization

/// Shows the progress of a run on standard error: a line for each event and, on a terminal, a board below them with
/// the running steps and the time left. May be called from any thread.
final class RunDisplay: Sendable {
    private let options: OutputOptions
    private let progress: RestoreProgress
    private let isTerminal: Bool
    private let state: Mutex<State>

    private struct State {
        var board: RunBoard
        /// The number of lines of the board on the screen.
        var drawn = 0
    }

    init(_ options: OutputOptions, _ record: RunRecord, progress: RestoreProgress) {
        self.options = options
        self.progress = progress
        isTerminal = isatty(STDERR_FILENO) == 1 && !options.noProgress && !options.quiet
        state = Mutex(State(board: RunBoard(record, now: MonotonicClock.seconds)))
    }

    /// Keeps the display up to date while `body` runs.
    func during<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        guard !options.quiet, !options.noProgress else { return try await body() }
        let period = isTerminal ? Duration.milliseconds(500) : .seconds(30)
        let refreshing = Task {
            while (try? await Task.sleep(for: period)) != nil { refresh() }
        }
        defer {
            refreshing.cancel()
            state.withLock { state in Self.write(erasing(&state)) }
        }
        return try await body()
    }

    /// Shows a message of an action.
    func tell(_ text: String) { show("  \(text.printableLines)", urgent: false) }

    /// Shows a line of the journal after it is durable.
    func observe(_ line: JournalLine) {
        let now = MonotonicClock.seconds
        let left = state.withLock { state in
            state.board.observe(line.body.event, now: now)
            return state.board.timeLeft(now: now)
        }
        guard let text = RunLine.text(line.body.event)?.printableLines else { return }
        if case .noted = line.body.event { return show("dr: warning: \(text)", urgent: true) }
        show("dr: \(text)\(left.map { " (\($0))" } ?? "")", urgent: false)
    }

    // MARK: Drawing

    private func show(_ line: String, urgent: Bool) {
        guard !options.quiet || urgent else { return }
        state.withLock { state in
            let text = erasing(&state) + line + "\n"
            Self.write(text + drawing(&state))
        }
    }

    private func refresh() {
        state.withLock { state in
            guard isTerminal else {
                for line in progress.lines { Self.write("dr: \(line.printable)\n") }
                return
            }
            Self.write(erasing(&state) + drawing(&state))
        }
    }

    /// Erases the board: moves to its first line and clears the screen from there.
    private func erasing(_ state: inout State) -> String {
        defer { state.drawn = 0 }
        return state.drawn > 0 ? "\r\u{1B}[\(state.drawn)A\u{1B}[J" : ""
    }

    private func drawing(_ state: inout State) -> String {
        guard isTerminal, !TerminalQuestion.isOpen else { return "" }
        let (columns, height) = Terminal.size
        let lines = state.board.lines(progress.lines, now: MonotonicClock.seconds, height: height)
        state.drawn = lines.count
        return lines.map { Terminal.cut($0.printable, to: columns - 1) + "\n" }.joined()
    }

    /// - Parameter text: control sequences and printable lines.
    private static func write(_ text: String) { if !text.isEmpty { StandardError.draw(text) } }
}
