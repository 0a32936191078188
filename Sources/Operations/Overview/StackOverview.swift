package import BackupRepository
import Components
import Documents
import Platform
package import RecoveryPlan
import StackConfiguration

/// The state of a stack at a glance, as the console's first page and its metrics show it.
package struct StackOverview: Codable, Equatable, Sendable {
    /// Worse ones are greater.
    package enum Colour: String, Codable, Comparable, Sendable {
        case green, amber, red

        package static func < (left: Colour, right: Colour) -> Bool { left.rank < right.rank }
        private var rank: Int { self == .green ? 0 : self == .amber ? 1 : 2 }
    }

    package struct Component: Codable, Equatable, Sendable {
        package var name: String
        package var kind: String?
        /// The newest set that holds it whole.
        package var set: Timestamp?
        /// Milliseconds since 1970.
        package var newestDatum: Int?
        /// The verdict of `dr status`, at the time of the overview.
        package var verdict: String
        package var verified: Timestamp?
        package var drilled: Timestamp?
        /// The time of a later drill that does not count, because its mark has no trusted signature.
        package var untrustedDrill: Timestamp?
        /// Bytes of its packs, indexes and manifests in the store.
        package var storedBytes: Int?
        /// The number of data that no backup holds; nil if the query failed or was not made.
        package var gaps: Int?
        /// True if the newest set lacks it because its backup failed.
        package var isFailed: Bool?
    }

    package struct Recovery: Codable, Equatable, Sendable {
        package var scenario: String
        package var verdict: RecoveryOutlook.Verdict
        /// Seconds.
        package var rto: Double?
        package var expected: Double?
        package var upper: Double?
        /// The runs and drills that the forecast uses.
        package var runs: Int
        package var note: String?

        package init(
            scenario: String, verdict: RecoveryOutlook.Verdict, rto: Double?, expected: Double?, upper: Double?,
            runs: Int, note: String? = nil
        ) {
            self.scenario = scenario
            self.verdict = verdict
            (self.rto, self.expected, self.upper) = (rto, expected, upper)
            self.runs = runs
            self.note = note
        }
    }

    package var stack: String
    package var store: String
    package var at: Timestamp
    package var rpoSeconds: Int?
    package var components: [Component]
    package var recoveries: [Recovery]
    package var recoveryNotes: [String]
    package var sets: Int
    package var oldest: Timestamp?
    package var newest: Timestamp?
    package var unreadableSets: Int
    /// Bytes of every object of the repository, and their number.
    package var storedBytes: Int
    package var objects: Int
    /// Signs of an intruder.
    package var alarms: [String]
    package var remarks: [String]
    /// The reasons for which retention drops nothing.
    package var freezes: [String]
    /// True if the newest set lacks a component, or a part of one.
    package var isNewestPartial: Bool?
    /// The gaps of the host, which belong to no component; nil if they are not known.
    package var hostGaps: Int?
    /// The gaps as text, some of the first.
    package var gapLines: [String]?
    /// The newest runs on this machine.
    package var results: LastResults?
}

extension StackOverview.Component {
    /// The age of its newest restorable data, in seconds.
    package func age(at now: Timestamp) -> Int? {
        newestDatum.map { max(0, now.seconds.subtractingClamped($0 / 1000)) }
    }

    /// The verdict at a later time: a component that was in time may be late by now.
    package func verdict(at now: Timestamp, rpo: Int?) -> String {
        if verdict == "ok", isFailed == true { return "failed" }
        guard verdict == "ok", let rpo, let age = age(at: now), age > rpo else { return verdict }
        return "late"
    }

    private func isLate(at now: Timestamp, rpo: Int?) -> Bool {
        guard let rpo, let age = age(at: now) else { return false }
        return age > rpo
    }

    package func colour(at now: Timestamp, rpo: Int?) -> StackOverview.Colour {
        switch verdict(at: now, rpo: rpo) {
        case "ok": (gaps ?? 0) > 0 || verified == nil ? .amber : .green
        // The data of an older set still meets the RPO.
        case "failed": isLate(at: now, rpo: rpo) ? .red : .amber
        case "unknown": .amber
        default: .red
        }
    }
}

extension StackOverview.Recovery {
    init(_ outlook: RecoveryOutlook) {
        let today = outlook.points.first
        self.init(
            scenario: outlook.scenario, verdict: today?.verdict ?? .noData, rto: outlook.rto,
            expected: today?.total?.expected ?? today?.atLeast, upper: today?.total?.high,
            runs: outlook.runs, note: today?.note)
    }

    package var colour: StackOverview.Colour {
        switch verdict {
        case .fits: .green
        case .mayPass, .noData, .noObjective: .amber
        case .passes: .red
        }
    }
}

extension StackOverview {
    init(
        _ session: Session, status: StatusReport, shelf: SetShelf, storage: RepositoryStorage, gaps: GapReport?,
        store: String, at now: Timestamp
    ) {
        stack = session.configuration.stack
        self.store = store
        at = now
        rpoSeconds = status.rpoSeconds
        let newestSet = shelf.rows.last { !$0.set.isImported && $0.set.name <= now }?.set
        let failed = Set(gaps?.unknown.map(\.component) ?? [])
        components = status.components.map { row in
            let found = gaps.flatMap { gaps in
                failed.contains(row.component) || failed.contains("repository")
                    ? nil : gaps.gaps.count { $0.component == row.component }
            }
            return Component(
                name: row.component,
                kind: session.configuration.components.first { $0.name == row.component }?.kind, set: row.set,
                newestDatum: row.newestDatum, verdict: row.verdict, verified: row.verified, drilled: row.drilled,
                untrustedDrill: row.untrustedDrill, storedBytes: storage.components[row.component]?.bytes, gaps: found,
                isFailed: newestSet.map { $0.failed.contains(row.component) })
        }
        isNewestPartial = newestSet.map { !$0.isComplete }
        let names = Set(components.map(\.name))
        hostGaps = gaps.flatMap { gaps in
            failed.contains("repository") || failed.contains("host")
                ? nil : gaps.gaps.count { !names.contains($0.component) }
        }
        gapLines = gaps.map { $0.gaps.prefix(50).map { "\($0.component): \($0.object): \($0.why)" } }
        recoveries = status.recoveries.map(Recovery.init)
        recoveryNotes = status.recoveryNotes
        sets = shelf.rows.count
        (oldest, newest) = (shelf.rows.first?.set.name, shelf.rows.last?.set.name)
        unreadableSets = shelf.unreadable.count
        (storedBytes, objects) = (storage.bytes, storage.objects)
        alarms = status.alarms
        remarks = status.remarks.filter { !status.alarms.contains($0) }
        freezes = shelf.freezes
    }

    package func colour(at now: Timestamp) -> Colour {
        var worst = components.map { $0.colour(at: now, rpo: rpoSeconds) }.max() ?? .red
        if let recovery = recoveries.map(\.colour).max() { worst = max(worst, recovery) }
        if let test = results?.tests.map(\.colour).max() { worst = max(worst, test) }
        if results?.isBackupFailed == true || isNewestPartial == true || (hostGaps ?? 0) > 0 {
            worst = max(worst, .amber)
        }
        if recoveries.isEmpty || unreadableSets > 0 || !freezes.isEmpty { worst = max(worst, .amber) }
        return alarms.isEmpty ? worst : .red
    }

    /// The one sentence that says if the stack could be restored now.
    package func verdict(at now: Timestamp) -> String {
        if let alarm = alarms.first { return alarm }
        let broken = components.filter {
            ["no backup", "empty", "shrunk"].contains($0.verdict(at: now, rpo: rpoSeconds))
        }
        if let first = broken.first {
            return first.verdict == "no backup"
                ? sentence(broken, "has no backup", of: "have no backup or lost data")
                : sentence(broken, "lost data in its newest backup", of: "lost data or have no backup")
        }
        let late = components.filter { $0.colour(at: now, rpo: rpoSeconds) == .red }
        if !late.isEmpty { return sentence(late, "misses the RPO", of: "miss the RPO") }
        if let failed = results?.tests.first(where: { $0.colour == .red }) { return failed.sentence }
        if results?.isBackupFailed == true { return "The newest backup run from this machine failed" }
        let failed = components.filter { $0.isFailed == true }
        if !failed.isEmpty { return sentence(failed, "failed in the newest backup", of: "failed in the newest backup") }
        if isNewestPartial == true { return "The newest backup set is partial" }
        if let slow = recoveries.first(where: { $0.verdict == .passes }) {
            return "The forecast of \(slow.scenario) exceeds the RTO"
        }
        if components.isEmpty { return "No component is configured" }
        let unverified = components.filter { $0.verified == nil }
        if !unverified.isEmpty { return sentence(unverified, "was not verified yet", of: "were not verified yet") }
        if let test = results?.tests.first(where: { $0.colour != .green }) { return test.sentence }
        if recoveries.isEmpty { return "All backups meet the RPO; no recovery was drilled on this machine yet" }
        if let slow = recoveries.first(where: { $0.verdict == .mayPass }) {
            return "All backups meet the RPO; the forecast of \(slow.scenario) may exceed the RTO"
        }
        let incomplete = components.filter { ($0.gaps ?? 0) > 0 }
        if !incomplete.isEmpty {
            return sentence(incomplete, "has data that no backup holds", of: "have data that no backup holds")
        }
        if let hostGaps, hostGaps > 0 { return "No backup holds \(Units.count(hostGaps, "object")) of the host" }
        if let freeze = freezes.first { return "Retention is frozen: \(freeze)" }
        return colour(at: now) == .green
            ? "All backups meet the RPO, and the recovery is expected within the RTO" : "All backups meet the RPO"
    }

    private func sentence(_ found: [Component], _ predicate: String, of plural: String) -> String {
        guard let first = found.first else { return predicate }
        return found.count == 1
            ? "\(first.name) \(predicate)" : "\(first.name) and \(found.count - 1) more \(plural)"
    }
}
