package import FoundationEssentials

/// T0 to T6 of one run, computed from its journal.
///
/// Durations within one boot come from the monotonic clock. The wall clock is used only across a reboot, and for
/// times that an operator entered.
package struct RecoveryClocks: Equatable, Sendable {
    /// T0; nil if it was not given. The first of T1, T2 and T3 that is known then takes its place.
    package var failed: Date?
    /// T1.
    package var detected: Date?
    /// T2.
    package var declared: Date?
    /// T3.
    package var started: Date
    /// T4, in seconds since T3.
    package var targetReady: Double?
    /// T5, in seconds since T3.
    package var dataRestored: Double?
    /// T6, in seconds since T3.
    package var validated: Double?
    /// The time of the newest line, in seconds since T3.
    package var elapsed: Double

    package init(_ record: RunRecord) {
        failed = record.failedAt
        detected = record.detectedAt
        declared = record.declaredAt
        started = record.startedAt
        elapsed = 0
    }

    /// - Parameter lines: all lines of one journal.
    package init?(_ lines: [JournalLine]) {
        guard case .runBegan(let record)? = lines.first?.body.event else { return nil }
        self.init(record)
        var timeline = RunTimeline(lines)
        for line in lines {
            elapsed = timeline.seconds(line)
            guard case .reached(let milestone) = line.body.event else { continue }
            reach(milestone, at: elapsed)
        }
    }

    package mutating func reach(_ milestone: Milestone, at seconds: Double) {
        switch milestone {
        case .targetReady: targetReady = targetReady ?? seconds
        case .dataRestored: dataRestored = seconds
        case .validated: validated = seconds
        }
    }

    /// The time of the failure, or the earliest later time that is known.
    package var assumedFailure: Date { failed ?? detected ?? declared ?? started }

    private func lead(_ moment: Date?) -> Double { moment.map { max(0, started.timeIntervalSince($0)) } ?? 0 }

    /// Returns the seconds from the start of the RTO to a time `seconds` after T3.
    package func since(_ start: RTOStart, _ seconds: Double) -> Double {
        switch start {
        case .failed: seconds + lead(assumedFailure)
        case .declared: seconds + lead(declared)
        case .started: seconds
        }
    }

    package func moment(_ seconds: Double?) -> Date? { seconds.map { started.addingTimeInterval($0) } }
}

/// Seconds since the first line of a journal, across restarts of the program and the machine.
package struct RunTimeline: Sendable {
    private var boot: String
    private var base: Double
    private var uptime: Double
    private var lastWall: Date
    private var lastSeconds = 0.0

    /// - Parameter lines: all lines of one journal; pass each in turn to ``seconds(_:)``.
    package init(_ lines: [JournalLine]) {
        let first = lines.first?.body
        if case .runBegan(let record)? = first?.event { boot = record.holder.boot } else { boot = "" }
        base = 0
        uptime = first?.uptime ?? 0
        lastWall = first?.at ?? .distantPast
    }

    package mutating func seconds(_ line: JournalLine) -> Double {
        if case .runResumed(let holder) = line.body.event, holder.boot != boot {
            // The machine was rebooted: its monotonic clock restarted, and only the wall clock spans the gap.
            base = lastSeconds + max(0, line.body.at.timeIntervalSince(lastWall))
            uptime = line.body.uptime
            boot = holder.boot
        }
        lastSeconds = base + max(0, line.body.uptime - uptime)
        lastWall = line.body.at
        return lastSeconds
    }
}
