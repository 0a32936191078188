import Cryptography
import FoundationEssentials
import Platform
package import RecoveryPlan
import Reporting

/// The output of `dr plan history`: the tests of a scenario on this host, and the changes of its plan between them.
package struct PlanHistory: Encodable, Equatable, Sendable {
    package struct Row: Encodable, Equatable, Sendable {
        package var run: String
        /// The start, RFC 3339.
        package var at: String
        package var kind: RunKind
        package var verdict: String
        package var planDigest: String
        /// The changes of the plan since the run before; nil for the first run.
        package var change: Change?
    }

    package struct Change: Encodable, Equatable, Sendable {
        /// The run before.
        package var since: String
        /// One line for each change; empty if the course is the same. Nil if one of the two runs does not record it.
        package var changes: [String]?
        fileprivate var text: String

        init(_ change: PlanChange) {
            since = change.run
            changes = change.changes
            text = change.text
        }

        private enum CodingKeys: String, CodingKey { case since, changes }
    }

    package var scenario: String
    /// SHA-256 of the plan's file now.
    package var planDigest: String
    /// The changes of the plan since the newest run; nil without a run.
    package var change: Change?
    /// The oldest first.
    package var runs: [Row]

    /// - Parameters:
    ///   - text: the plan now.
    ///   - readings: the journals of the scenario, the newest first.
    package init(_ text: PlanText, scenario: String, _ readings: some Sequence<JournalReading>) {
        self.scenario = scenario
        planDigest = Digest(of: [UInt8](text.text.utf8)).hex
        runs = []
        var before: RunRecord?
        let entries = readings.compactMap { reading in
            reading.record.map { ($0, reading.end == nil ? "not finished" : Self.verdict(reading)) }
        }
        for (record, verdict) in entries.reversed() {
            let change = before.map { PlanChange(since: $0, digest: record.planDigest, outline: record.outline) }
            runs.append(
                Row(
                    run: record.identity.id, at: Moment.text(record.startedAt), kind: record.kind, verdict: verdict,
                    planDigest: record.planDigest, change: change.map { Change($0) }))
            before = record
        }
        change = before.map {
            Change(PlanChange(since: $0, digest: planDigest, outline: try? PlanOutline(text)))
        }
    }

    private static func verdict(_ reading: JournalReading) -> String {
        (try? Evidence(reading).verdict.rawValue) ?? "not readable"
    }

    package var text: String {
        let now = "plan now: \(planDigest.prefix(12))"
        guard !runs.isEmpty else { return "\(now); the scenario was never run or drilled on this host" }
        var table = Table([
            ("STARTED (UTC)", .left), ("RUN", .left), ("KIND", .left), ("VERDICT", .left), ("PLAN", .left),
            ("CHANGED SINCE THE RUN BEFORE", .left),
        ])
        for row in runs {
            table.add([
                row.at, row.run, row.kind.rawValue, row.verdict, String(row.planDigest.prefix(12)),
                row.change?.text ?? "-",
            ])
        }
        return "\(table.text)\n\(now), since the newest run: \(change?.text ?? "-")"
    }
}

extension Session {
    /// Reads the journals of a scenario, the newest first, without creating the folder of journals.
    package func journals(of scenario: String) async -> [JournalReading] {
        let (root, stacks) = (stateRoot, journalStacks)
        return await pool.run {
            guard FileManager.default.fileExists(atPath: "\(root)/runs"), var runs = try? RunFolder(state: root) else {
                return []
            }
            runs.stacks = stacks
            return Array(runs.readings(of: scenario))
        }
    }

    package func planHistory(of entry: PlanLibrary.Entry) async -> PlanHistory {
        let readings = await journals(of: entry.scenario)
        return PlanHistory(entry.text, scenario: entry.scenario, readings)
    }

    /// The forecasts of a scenario's past runs on this host, compared with the measured times.
    package func forecastHistory(of scenario: String) async -> ForecastHistory {
        ForecastHistory(scenario: scenario, await testHistory(of: scenario).outcomes)
    }
}
