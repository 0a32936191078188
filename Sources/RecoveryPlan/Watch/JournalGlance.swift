package import FoundationEssentials
internal import Platform

/// A journal as a display reads it: as far as it can be read.
///
/// Evidence and resumed runs need a whole journal and use ``JournalReading``. A display must show something in every case:
/// the last line of a run under way may be incomplete, a newer version may have written events that this one does not know,
/// and a line may be damaged.
package struct JournalGlance: Sendable {
    /// The state after the last readable line.
    package var run: WatchedRun
    /// The monotonic clock at the last readable line.
    package var uptime: Double

    /// A journal of a run is far smaller; the rest of a longer one is not shown.
    package static let mostBytes = 8 << 20
    private static let mostLines = 20_000

    /// - Returns: nil if the first line cannot be read: there is no run to show.
    package init?(_ bytes: [UInt8]) {
        var lines: [JournalLine] = []
        var unreadable: [Int] = []
        var number = 0
        var unreadableCount = 0
        for text in bytes.prefix(Self.mostBytes).split(
            separator: UInt8(ascii: "\n"), maxSplits: Self.mostLines, omittingEmptySubsequences: false
        ) {
            number += 1
            guard !text.isEmpty else { continue }
            if let text = String(validating: text, as: UTF8.self), let line = try? JournalLine(reading: text) {
                lines.append(line)
            } else if number > 1 {
                unreadableCount += 1
                unreadable.append(number)
                if unreadable.count > 3 { unreadable.removeFirst() }
            } else {
                return nil
            }
        }
        guard let first = lines.first, case .runBegan(let record) = first.body.event else { return nil }
        var observer = RunObserver(record)
        var timeline = RunTimeline(lines)
        var previous: String?
        var isChained = true
        for line in lines {
            isChained = isChained && (previous == nil || line.body.previous == previous)
            previous = line.digest
            let seconds = timeline.seconds(line)
            observer.observe(
                line.body.event, at: seconds.isFinite ? seconds : 0, wall: line.body.at.timeIntervalSince1970)
        }
        run = observer.run
        uptime = lines.last?.body.uptime ?? 0
        // The last line of a run under way is often incomplete for a moment.
        let isTorn = bytes.last != UInt8(ascii: "\n") && unreadable.last == number
        if isTorn { unreadableCount -= 1 }
        if unreadableCount > 0 {
            run.defects.append(
                "\(Units.count(unreadableCount, "line")) of the journal cannot be read: damaged, or of a newer version of dr"
            )
        } else if !isChained {
            run.defects.append("the lines of the journal do not follow each other: it was changed after it was written")
        }
        if bytes.count > Self.mostBytes || number > Self.mostLines {
            run.defects.append("the journal is too long: its end is not shown")
        }
        run = run.bounded()
    }

    /// Returns the run at a later time.
    /// - Parameters:
    ///   - wall: the time on the wall clock.
    ///   - uptime: the monotonic clock, if the boot is the one of this machine.
    package func run(at wall: Date, boot: String, uptime: Double) -> WatchedRun {
        let passed =
            boot == run.boot && uptime >= self.uptime
            ? uptime - self.uptime : wall.timeIntervalSince1970 - run.heardAt
        return run.advanced(by: passed)
    }
}
