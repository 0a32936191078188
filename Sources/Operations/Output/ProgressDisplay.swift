package import BackupRepository
import FoundationEssentials
internal import Glibc
import Platform

/// Shows the progress of long work on standard error: one line that is redrawn on a terminal, one line every half
/// minute elsewhere.
package struct ProgressDisplay {
    package let options: OutputOptions
    /// The names with their progress, in the order of the display.
    package let work: [(name: String, progress: WorkProgress)]

    package init(options: OutputOptions, work: [(name: String, progress: WorkProgress)]) {
        self.options = options
        self.work = work
    }

    /// Shows the progress while `body` runs.
    package func during<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        guard !options.quiet, !options.noProgress else { return try await body() }
        let isTerminal = isatty(STDERR_FILENO) == 1
        let display = Task { [work] in
            let period = isTerminal ? Duration.milliseconds(200) : .seconds(30)
            var rate = Rate()
            while true {
                try await Task.sleep(for: period)
                rate.add(work.map(\.progress.state.bytes).clampedSum())
                let line = Self.line(work, rate)
                if isTerminal {
                    // Some terminals wrap a line that reaches the last column.
                    StandardError.draw("\r\u{1B}[K" + Terminal.cut(line, to: Terminal.size.columns - 1))
                } else {
                    StandardError.write("dr: \(line)\n")
                }
            }
        }
        defer {
            display.cancel()
            if isTerminal { StandardError.draw("\r\u{1B}[K") }
        }
        return try await body()
    }

    private static func line(_ work: [(name: String, progress: WorkProgress)], _ rate: Rate) -> String {
        let parts = work.map { text(of: $0.progress.state, name: $0.name) }
        let total = work.map { max(0, $0.progress.state.totalBytes.subtractingClamped($0.progress.state.bytes)) }
            .clampedSum()
        return parts.joined(separator: " | ") + rate.text(left: total)
    }

    /// - Parameter name: of the component; empty for none.
    static func text(of state: WorkProgress.State, name: String) -> String {
        var text = (name.isEmpty ? state.phase : "\(name): \(state.phase)").printable
        if state.totalBytes > 0 {
            text += " \(Units.bytes(state.bytes)) of \(Units.bytes(state.totalBytes))"
            text += " (\(Units.percent(min(state.bytes, state.totalBytes), of: state.totalBytes)))"
        } else if state.totalFiles > 0 {
            text += " \(state.files) of \(state.totalFiles)"
        } else if state.files > 0 {
            // A walk or a listing knows no total.
            text += " \(state.files) so far"
        }
        return text
    }

    /// The throughput of the last few seconds, and the remaining time at this throughput.
    private struct Rate {
        private var samples: [(time: ContinuousClock.Instant, bytes: Int)] = []

        mutating func add(_ bytes: Int) {
            samples.append((.now, bytes))
            if samples.count > 25 { samples.removeFirst() }
        }

        func text(left: Int) -> String {
            guard let first = samples.first, let last = samples.last, last.bytes > first.bytes else { return "" }
            let seconds = (last.time - first.time) / .seconds(1)
            guard seconds > 0 else { return "" }
            let rate = Double(last.bytes.subtractingClamped(first.bytes)) / seconds
            let rest = left > 0 ? ", \(Units.duration(seconds: Int(clamping: Double(left) / rate + 1))) left" : ""
            return ", \(Units.bytes(Int(clamping: rate)))/s\(rest)"
        }
    }
}
