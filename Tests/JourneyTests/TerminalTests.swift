import Foundation
import Lab
import Testing

/// What a person sees of a recovery, on a terminal and without one. `script` of util-linux gives dr a pseudo-terminal.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"))) struct TerminalTests {
    private static func plan(waits: (String, String)) -> String {
        """
        scenario: loss
        objectives: {rto: 4h, rpo: 1h}
        steps:
          - {id: tree, restore: tree, timeout: 5m}
          - {id: settle, needs: [tree], wait: \(waits.0), timeout: 10m}
          - {id: beside, needs: [tree], wait: \(waits.1), timeout: 10m}

        """
    }

    /// Two steps that run until the file `go` exists. The forecast knows only the wait after the first of them.
    private static let gatedPlan = """
        scenario: loss
        objectives: {rto: 4h, rpo: 1h}
        steps:
          - {id: tree, restore: tree, timeout: 5m}
          - {id: settle, needs: [tree], run: {shell: "touch settling; until [ -e go ]; do sleep 0.1; done"}, timeout: 10m}
          - {id: beside, needs: [tree], run: {shell: "touch besides; until [ -e go ]; do sleep 0.1; done"}, timeout: 10m}
          - {id: rest, needs: [settle], wait: 1s, timeout: 10m}

        """

    /// Runs the plan on a terminal of 60 columns that becomes wider once both steps run and a board was drawn, and opens
    /// the gate once two boards have followed. The limits only end a test that fails.
    private static let watch = """
        log=$1; shift
        seen() { [ -e over ] || [ "$(grep -ac "$1" "$log")" -ge "$2" ]; }
        reach() { for _ in $(seq 600); do "$@" && return; sleep 0.1; done; }
        stty cols 60 rows 24
        stty -g
        (
            reach test -e settling
            reach test -e besides
            reach seen 'steps done' 1
            stty cols 100 < /dev/tty
            reach seen '░' 2
            touch go
        ) &
        "$@"
        echo status $?
        touch over go
        wait
        stty -g

        """

    private func started(_ plan: String = Self.plan(waits: ("1s", "1s"))) async throws -> Journey {
        let journey = try await Journey()
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        try journey.write("a", "one")
        try await journey.expect(0, "backup")
        return journey
    }

    @Test func `a board is drawn and taken away again`() async throws {
        let journey = try await started(Self.gatedPlan)
        let log = journey.folder.url.appending(path: "typescript").path
        try Data(Self.watch.utf8).write(to: journey.folder.url.appending(path: "watch"))
        let command = "sh watch '\(log)' '\(Journey.program)' restore --scenario loss --yes"
        let run = try await CommandRun.run(
            "/usr/bin/script", ["--quiet", "--flush", "--command", command, log], in: journey.folder.url,
            environment: ["SHELL": "/bin/sh", "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": ""])
        #expect(run.output.contains("\u{1B}[36m ▶\u{1B}[0m"), "a step that runs has a colour")
        let screen = Screen(run.output)
        // While it goes on: how far it is, how much time is left, what runs, and which of them the end waits for.
        let boards = screen.frames.filter { frame in frame.contains { $0.contains(" left of 4h") } }
        #expect(boards.count > 2, "\(run.output)")
        #expect(
            boards.contains { board in
                board.contains { $0.contains("1 of 4 steps done") } && board.contains { $0.hasPrefix(" 1 ✓  tree ") }
                    && board.contains { $0.contains("▶ *settle  ") } && board.contains { $0.contains("▶  beside  ") }
            })
        #expect(boards.contains { $0.contains { $0.contains(" left of 4h 0m ░") } }, "the board follows the window")
        #expect(
            boards.allSatisfy { board in
                board.filter { $0.contains(" left of ") && !$0.hasPrefix("dr: ") }.allSatisfy {
                    $0.count < ($0.contains("░") ? 100 : 60)
                }
            }, "no line is wider than the window")
        // Afterwards nothing of it is left, and every line of the journal's is there once.
        let left = screen.lines
        #expect(left.count { $0.hasPrefix("dr: settle: started") } == 1)
        #expect(
            !left.contains { $0.contains("steps done") } && !left.contains { $0.contains("▶") }, "\(left)")
        #expect(left.contains("status 0"))
        let settings = left.filter { $0.wholeMatch(of: /[0-9a-f]+(:[0-9a-f]+)+/) != nil }
        #expect(settings.count == 2 && settings.first == settings.last, "the terminal is as it was: \(settings)")
    }

    @Test func `NO_COLOR and a locale without UTF-8 leave plain characters, and a closed standard error harms nothing`()
        async throws
    {
        let journey = try await started(Self.plan(waits: ("2s", "1s")))
        let log = journey.folder.url.appending(path: "typescript").path
        let restore = "'\(Journey.program)' restore --scenario loss --yes"
        let run = try await CommandRun.run(
            "/usr/bin/script",
            ["--quiet", "--flush", "--command", "stty cols 80 rows 24; \(restore); echo status $?", log],
            in: journey.folder.url,
            environment: ["SHELL": "/bin/sh", "TERM": "xterm", "LC_ALL": "C", "NO_COLOR": "1"])
        #expect(run.output.contains("status 0") && run.output.contains("steps done"))
        #expect(!run.output.contains("\u{1B}[36m") && !run.output.contains("▶"))
        let closed = try await CommandRun.run(
            "/bin/sh", ["-c", "\(restore) 2>&-; echo status $?"], in: journey.folder.url)
        #expect(closed.output.contains("status 0"), "\(closed.output)")
    }

    @Test func `without a terminal there are plain lines`() async throws {
        let journey = try await started()
        let run = try await journey.expect(0, "restore", "--scenario", "loss", "--yes")
        #expect(!run.errors.contains("\u{1B}") && !run.errors.contains("\r"))
        #expect(run.errors.contains("dr: settle: started (") && run.errors.contains(" left of 4h"))
        #expect(!run.errors.contains("steps done"))
    }

    /// As much of a terminal as the board needs: lines, and "up N lines and clear from there".
    private struct Screen {
        private(set) var lines: [String] = [""]
        /// What was to be seen just before something was taken away.
        private(set) var frames: [[String]] = []

        init(_ output: String) {
            let text = output.replacing("\r\n", with: "\n").replacing(/\u{1B}\[\d+m/, with: "")
            var rest = Substring(text)
            while let character = rest.first {
                if let code = rest.prefixMatch(of: /\u{1B}\[(\d+)A\u{1B}\[J/) {
                    frames.append(lines)
                    lines.removeLast(min(lines.count, (Int(code.1) ?? 0) + 1))
                    lines.append("")
                    rest = rest[code.range.upperBound...]
                    continue
                }
                rest.removeFirst()
                switch character {
                case "\n": lines.append("")
                case "\r": break
                default: lines[lines.count - 1].append(character)
                }
            }
        }
    }
}
