import FoundationEssentials
import Glibc
import Platform
import RecoveryPlan
import Synchronization

/// Shows the progress of a run on standard error: a line for each event and, on a terminal, a board below them with
/// the steps, the transfers and the time left. May be called from any thread.
final class RunDisplay: Sendable {
    private let options: OutputOptions
    private let progress: RestoreProgress
    private let follower: RunFollower
    private let isTerminal: Bool
    private let hasColour: Bool
    private let isUnicode: Bool
    private let state = Mutex(State())

    private struct State {
        /// The columns of each line of the board on the screen.
        var drawn: [Int] = []
        var size = (columns: 0, lines: 0)
    }

    init(_ options: OutputOptions, _ follower: RunFollower, progress: RestoreProgress, environment: [String: String]) {
        self.options = options
        self.progress = progress
        self.follower = follower
        let terminal = environment["TERM"] ?? ""
        isTerminal = isatty(STDERR_FILENO) == 1 && !options.noProgress && !options.quiet && terminal != "dumb"
        hasColour = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        isUnicode = locale.lowercased().replacing("-", with: "").contains("utf8")
    }

    /// Keeps the display up to date while `body` runs.
    func during<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        guard !options.quiet, !options.noProgress else { return try await body() }
        let refreshing = Task {
            guard isTerminal else {
                while (try? await Task.sleep(for: .seconds(30))) != nil { report() }
                return
            }
            var ticks = 0
            while (try? await Task.sleep(for: .milliseconds(100))) != nil {
                ticks += 1
                // A resized terminal is drawn again at once.
                if ticks % 5 == 0 || isResized { refresh() }
            }
        }
        defer {
            refreshing.cancel()
            state.withLock { state in Self.write(erasing(&state)) }
        }
        return try await body()
    }

    /// Shows a message of an action.
    func tell(_ text: String) { show("  \(text.printableLines)", urgent: false) }

    /// Shows a line of the journal after it is durable and the follower has it.
    func observe(_ line: JournalLine) {
        guard let text = RunLine.text(line.body.event)?.printableLines else { return }
        if case .noted = line.body.event { return show("dr: warning: \(text)", urgent: true) }
        let left = follower.run().flatMap { RunBoard.timeLeft($0) }
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

    private func report() {
        for line in progress.lines { Self.write("dr: \(line.printable)\n") }
    }

    private var isResized: Bool {
        let size = Terminal.size
        return state.withLock { !$0.drawn.isEmpty && $0.size != size }
    }

    private func refresh() { state.withLock { state in Self.write(erasing(&state) + drawing(&state)) } }

    /// Erases the board: moves to its first line and clears the screen from there.
    private func erasing(_ state: inout State) -> String {
        defer { state.drawn = [] }
        let rows = BoardRows.count(state.drawn, columns: Terminal.size.columns)
        return rows > 0 ? "\r\u{1B}[\(rows)A\u{1B}[J" : ""
    }

    private func drawing(_ state: inout State) -> String {
        guard isTerminal, !TerminalQuestion.isOpen, let run = follower.run(), run.end == nil else { return "" }
        let size = Terminal.size
        let screen = RunBoard.Screen(
            columns: size.columns, lines: size.lines, hasColour: hasColour, isUnicode: isUnicode)
        let lines = RunBoard(run, on: screen).lines
        state.size = size
        state.drawn = lines.map { BoardRows.columns($0) }
        return lines.map { $0 + "\n" }.joined()
    }

    /// - Parameter text: control sequences and printable lines.
    private static func write(_ text: String) { if !text.isEmpty { StandardError.draw(text) } }
}

/// The rows that drawn lines take on a screen.
enum BoardRows {
    /// Returns the number of rows that lines take after the terminal was resized: a terminal that became narrower wraps them.
    static func count(_ lines: [Int], columns: Int) -> Int {
        lines.reduce(0) { $0 + max(1, ($1 + max(1, columns) - 1) / max(1, columns)) }
    }

    /// Returns the columns of a line without its colours.
    static func columns(_ line: String) -> Int {
        var text = ""
        var isSequence = false
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" { isSequence = true }
            if !isSequence { text.unicodeScalars.append(scalar) }
            if isSequence, scalar == "m" { isSequence = false }
        }
        return Terminal.columns(of: text)
    }
}
