package import Components
import Documents
import Platform
import RecoveryPlan
import StackConfiguration

/// The recovery objectives of dr.yaml, measured for the daily report of a stack without a service level.
package struct MeasuredObjectives {
    private let session: Session

    /// The number of newest journals that are looked at.
    private static let most = 60

    package init(session: Session) { self.session = session }

    /// - Returns: an entry for each objective of dr.yaml, an objective that cannot be measured among them; none without
    ///   objectives.
    /// - Throws: `CancellationError`.
    package func entries() async throws -> [ComplianceReport.Entry] {
        var entries: [ComplianceReport.Entry] = []
        if let rpo = session.configuration.objectives.rpo {
            let found = try await newestData()
            entries.append(
                .init(.rpo, allowed: Self.allowed(rpo), measured: found.seconds, detail: found.detail))
        }
        if let rto = session.configuration.objectives.rto {
            let found = await newestTests()
            entries.append(
                .init(.rto, allowed: Self.allowed(rto), measured: found.seconds, detail: found.detail))
        }
        return entries
    }

    private static func allowed(_ period: Period) -> (seconds: Double, text: String) {
        (period.duration / .seconds(1), "\(period)")
    }

    /// A measured time, with its origin or the reason why there is none.
    private struct Found {
        var seconds: Double?
        var detail: String
    }

    /// The age of the newest restorable data, of the component where they are oldest.
    private func newestData() async throws -> Found {
        do {
            let rows = try await StatusReport(session, try await session.repository()).components
            if let row = rows.first(where: { !["ok", "late"].contains($0.verdict) || $0.ageSeconds == nil }) {
                return Found(detail: "\(row.component): \(row.verdict)")
            }
            guard let oldest = rows.max(by: { ($0.ageSeconds ?? 0) < ($1.ageSeconds ?? 0) }) else {
                return Found(detail: "the stack has no component")
            }
            return Found(
                seconds: oldest.ageSeconds.map(Double.init), detail: "age of the newest data of \(oldest.component)")
        } catch {
            try Task.checkCancellation()
            return Found(detail: "\(error)")
        }
    }

    /// The time of the newest recovery or drill of each scenario, of the one that took longest.
    private func newestTests() async -> Found {
        let (runs, stacks) = (RunFolder(reading: session.stateRoot), session.journalStacks)
        let tests = await session.pool.run {
            var tests: [String: (name: String, outcome: ForecastOutcome)] = [:]
            for run in runs.runs().reversed().prefix(Self.most) {
                guard let reading = try? JournalReading(path: runs.journal(of: run)),
                    let identity = reading.record?.identity, stacks?.contains(identity.stack) ?? true,
                    tests[identity.scenario] == nil, reading.end.map({ $0.verdict != .interrupted }) == true,
                    let outcome = ForecastOutcome(reading)
                else { continue }
                tests[identity.scenario] = ("\(outcome.kind.rawValue) of \(identity.scenario)", outcome)
            }
            return tests.values.sorted { $0.name < $1.name }
        }
        if let failed = tests.first(where: { $0.outcome.actual == nil }) {
            return Found(detail: "the newest \(failed.name) was not validated: run \(failed.outcome.run)")
        }
        guard let longest = tests.max(by: { ($0.outcome.actual ?? 0) < ($1.outcome.actual ?? 0) }) else {
            return Found(detail: "no recovery was run or drilled on this machine; run `dr drill`")
        }
        return Found(seconds: longest.outcome.actual, detail: "\(longest.name), run \(longest.outcome.run)")
    }
}
