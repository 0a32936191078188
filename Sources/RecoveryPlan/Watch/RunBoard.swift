internal import Platform

/// A run on a terminal: the time left, the steps as a graph, the transfers. A pure function of the run and the terminal.
package struct RunBoard: Sendable {
    /// The properties of a terminal that matter for the board.
    package struct Screen: Equatable, Sendable {
        package var columns: Int
        package var lines: Int
        package var hasColour: Bool
        /// True if the terminal shows characters outside ASCII.
        package var isUnicode: Bool

        package init(columns: Int, lines: Int, hasColour: Bool = false, isUnicode: Bool = false) {
            self.columns = columns
            self.lines = lines
            self.hasColour = hasColour
            self.isUnicode = isUnicode
        }
    }

    private enum Ink: Int {
        case bold = 1
        case faint = 2
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
    }

    /// A part of a line in one colour.
    private struct Part {
        var text: String
        var ink: Ink?
    }

    private let run: WatchedRun
    private let screen: Screen
    private let open: Set<String>

    package init(_ run: WatchedRun, on screen: Screen) {
        self.run = run
        self.screen = screen
        open = run.openSteps
    }

    // MARK: Lines

    /// The time left of the RTO; nil if there is no RTO.
    package static func timeLeft(_ run: WatchedRun) -> String? {
        guard let rto = run.rto, let left = run.rtoLeft else { return nil }
        let allowed = words(rto)
        return left >= 0 ? "\(words(left)) left of \(allowed)" : "RTO of \(allowed) exceeded by \(words(-left))"
    }

    /// The forecast of the remaining time, compared with the RTO; nil if no earlier run shows it.
    package static func outlook(_ run: WatchedRun) -> String? {
        guard let remaining = run.remaining else { return nil }
        let unknown = run.unknown
        if unknown > 0, remaining < 0.5 {
            return "remaining time not known (no earlier run timed the open steps)"
        }
        let least = unknown > 0 ? "at least " : "about "
        var text = "\(least)\(words(remaining)) to go"
        if let spare = run.spare {
            text += spare >= 0 ? ", \(words(spare)) to spare" : ", \(words(-spare)) too long"
        }
        return text
    }

    /// The lines of the board, at most three less than the screen has, each shorter than the screen is wide.
    package var lines: [String] {
        let head = [timeLine, countLine].compactMap { $0 }
        let room = max(1, screen.lines - 3 - head.count)
        let transfers = run.transfers.map(transferLine)
        // Transfers move, so they stay on a low screen, and steps get the rest.
        let kept = transfers.count <= room / 2 ? transfers : Array(transfers.prefix(room / 2))
        let body = stepLines(room: max(1, room - kept.count)) + kept
        return (head + body).map(line)
    }

    /// The first line: what matters most, because a narrow terminal cuts the rest off.
    private var timeLine: [Part]? {
        let left = Self.timeLeft(run), outlook = Self.outlook(run)
        guard left != nil || outlook != nil else { return nil }
        let isExceeded = run.rtoLeft.map { $0 < 0 } ?? false
        let isAtRisk = run.spare.map { $0 < 0 } ?? false
        var parts: [Part] = []
        if let left { parts.append(Part(text: left, ink: isExceeded ? .red : isAtRisk ? .yellow : .green)) }
        if let rto = run.rto, rto > 0, screen.columns >= 70 {
            let used = 1 - (run.rtoLeft ?? 0) / rto
            parts.append(Part(text: " \(bar(used, columns: 16))", ink: isExceeded ? .red : isAtRisk ? .yellow : nil))
        }
        if let outlook {
            if !parts.isEmpty { parts.append(Part(text: ", ")) }
            parts.append(Part(text: outlook, ink: isAtRisk ? .yellow : nil))
        }
        return parts
    }

    private var countLine: [Part] {
        let lost = run.count(.failed) + run.count(.skipped)
        let total = run.steps.count.addingClamped(run.moreSteps)
        var parts: [Part] = []
        if lost > 0 { parts.append(Part(text: "\(lost) failed or skipped, ", ink: .red)) }
        parts.append(
            Part(
                text: "\(run.count(.done)) of \(total) steps done after \(Self.words(run.elapsed))", ink: .bold))
        parts.append(Part(text: ": \(run.scenario) from \(run.sets)"))
        return parts
    }

    // MARK: Steps

    private func stepLines(room: Int) -> [[Part]] {
        let waves = run.waves
        var wave: [Int: Int] = [:]
        for (number, steps) in waves.enumerated() { for step in steps { wave[step] = number } }
        let order = waves.flatMap { $0 }
        let shown: Set<Int>
        let isCut = order.count + (run.moreSteps > 0 ? 1 : 0) > room
        if isCut {
            // Those that matter now; `sorted` keeps the order of the graph within a rank.
            let ranked = order.enumerated().sorted {
                (rank(run.steps[$0.element]), $0.offset) < (rank(run.steps[$1.element]), $1.offset)
            }
            shown = Set(ranked.prefix(max(0, room - 1)).map(\.element))
        } else {
            shown = Set(order)
        }
        let critical = Set(run.criticalPath)
        let names = min(max(shown.map { Terminal.columns(of: run.steps[$0].id.printable) }.max() ?? 0, 4), 28)
        var lines: [[Part]] = []
        var last: Int?
        for step in order where shown.contains(step) {
            // The number of the wave, where a new one starts: its steps need only steps above.
            let number = wave[step] != last ? "\((wave[step] ?? 0) + 1)" : ""
            last = wave[step]
            lines.append(
                stepLine(run.steps[step], wave: number, isCritical: critical.contains(run.steps[step].id), names))
        }
        guard isCut || run.moreSteps > 0 else { return lines }
        let hidden = order.filter { !shown.contains($0) }.map { run.steps[$0] }
        var counts: [String] = []
        for state in [WatchedStep.State.running, .failed, .waiting, .skipped, .done] {
            let count = hidden.count { $0.state == state }
            if count > 0 { counts.append("\(count) \(state.words)") }
        }
        let others = hidden.count - hidden.count { [.running, .failed, .waiting, .skipped, .done].contains($0.state) }
        let more = others.addingClamped(run.moreSteps)
        if more > 0 { counts.append("\(more) more") }
        lines.append([Part(text: "   and \(counts.joined(separator: ", "))", ink: .faint)])
        return lines
    }

    private func rank(_ step: WatchedStep) -> Int {
        switch step.state {
        case .running, .retrying, .rollingBack: 0
        case .failed, .cancelled: 1
        case .waiting: step.waits(among: open).isEmpty ? 2 : 3
        case .skipped: 4
        case .done, .rolledBack: 5
        }
    }

    private func stepLine(_ step: WatchedStep, wave: String, isCritical: Bool, _ names: Int) -> [Part] {
        let ink: Ink? =
            switch step.state {
            case .done: .green
            case .failed, .cancelled: .red
            case .retrying, .rollingBack, .rolledBack, .skipped: .yellow
            case .running: .cyan
            case .waiting: .faint
            }
        var name = Terminal.cut(step.id.printable, to: names)
        name += String(repeating: " ", count: max(0, names - Terminal.columns(of: name)))
        var parts = [
            Part(text: wave.count < 3 ? String(repeating: " ", count: 2 - wave.count) + wave : "  ", ink: .faint),
            Part(text: " \(symbol(step.state))", ink: ink),
            Part(text: isCritical ? " *" : "  ", ink: .bold), Part(text: name, ink: step.state.isActive ? .bold : nil),
        ]
        if step.state == .running, !step.isUntimed, let expected = step.expected, expected > 0, screen.columns >= 90 {
            let share = (step.seconds(at: run.elapsed) ?? 0) / expected
            parts.append(Part(text: " \(bar(share, columns: 10))", ink: .cyan))
        }
        parts.append(Part(text: "  \(status(step))", ink: step.state == .waiting ? .faint : nil))
        return parts
    }

    private func status(_ step: WatchedStep) -> String {
        let seconds = step.seconds(at: run.elapsed).map(Self.words)
        let remark = step.remark.flatMap { $0.split(separator: "\n").first }.map { ": \($0)" } ?? ""
        switch step.state {
        case .waiting:
            let waits = step.waits(among: open)
            let usual = step.expected.map { ", \(step.isUntimed ? "at least" : "about") \(Self.words($0))" } ?? ""
            return (waits.isEmpty ? "waits" : "waits for \(waits.joined(separator: ", "))") + usual
        case .running:
            let usual =
                step.expected.map { " of \(step.isUntimed ? "at least" : "about") \(Self.words($0.rounded()))" } ?? ""
            let attempt = step.attempt > 1 ? ", attempt \(step.attempt)" : ""
            let failures = step.failures > 0 ? ", \(step.failures) failed\(remark)" : ""
            return (seconds ?? "runs") + usual + attempt + failures
        case .retrying: return "attempt \(step.attempt) failed, retries\(remark)"
        case .done:
            let bytes = step.bytes.map { ", \(Units.bytes($0))" } ?? ""
            return "done" + (seconds.map { " in \($0)" } ?? "") + bytes
        case .failed: return "failed" + (seconds.map { " after \($0)" } ?? "") + remark
        case .skipped: return "skipped\(remark)"
        case .cancelled: return "interrupted"
        case .rollingBack: return (seconds.map { "\($0), " } ?? "") + "rolling back"
        case .rolledBack: return "rolled back"
        }
    }

    private func transferLine(_ transfer: WatchedTransfer) -> [Part] {
        var text = "\(transfer.component): \(transfer.phase.isEmpty ? "restoring" : transfer.phase)"
        if transfer.totalBytes > 0 {
            text += " \(Units.bytes(transfer.bytes)) of \(Units.bytes(transfer.totalBytes))"
            text += " (\(Units.percent(min(transfer.bytes, transfer.totalBytes), of: transfer.totalBytes)))"
        } else if transfer.totalFiles > 0 {
            text += " \(transfer.files) of \(transfer.totalFiles)"
        }
        if let rate = transfer.rate { text += ", \(Units.bytes(Int(clamping: rate)))/s" }
        if let left = transfer.secondsLeft { text += ", \(Self.words(left)) left" }
        return [Part(text: "   \(screen.isUnicode ? "⇣" : "v") ", ink: .cyan), Part(text: text)]
    }

    // MARK: Signs

    private func symbol(_ state: WatchedStep.State) -> String {
        let (plain, unicode) =
            switch state {
            case .waiting: (".", "·")
            case .running: (">", "▶")
            case .retrying: ("~", "↻")
            case .done: ("+", "✓")
            case .failed: ("!", "✗")
            case .skipped: ("-", "–")
            case .cancelled: ("!", "✗")
            case .rollingBack: ("<", "◀")
            case .rolledBack: ("<", "◁")
            }
        return screen.isUnicode ? unicode : plain
    }

    private func bar(_ share: Double, columns: Int) -> String {
        let full = min(max(0, Int(clamping: (share.isFinite ? share : 0) * Double(columns))), columns)
        let (on, off) = screen.isUnicode ? ("█", "░") : ("#", ".")
        let text = String(repeating: on, count: full) + String(repeating: off, count: columns - full)
        return screen.isUnicode ? text : "[\(text)]"
    }

    private static func words(_ seconds: Double) -> String { Units.duration(seconds: Int(clamping: seconds)) }

    /// Cuts a line to the screen, and colours it.
    private func line(_ parts: [Part]) -> String {
        // Some terminals wrap a line that reaches the last column.
        var room = max(1, screen.columns - 1)
        var text = ""
        for part in parts {
            let cut = Terminal.cut(part.text.printable, to: room)
            room -= Terminal.columns(of: cut)
            guard screen.hasColour, let ink = part.ink, !cut.isEmpty else {
                text += cut
                continue
            }
            text += "\u{1B}[\(ink.rawValue)m\(cut)\u{1B}[0m"
        }
        return text
    }
}
