import BackupRepository
import Components
import ObjectStorage
import Platform
import StackConfiguration

/// The facts of the store on which the readiness of every scenario depends.
struct StoreFacts: Sendable {
    var location: String
    /// The number of sets.
    var sets: Int
    /// For each configured component, the newest set that holds it whole.
    var latest: RestoreSelection
    var marks: SetMarks
    /// The newest verification of every byte, by component.
    var verified: [String: ComponentProofs.Proof]
    var recipients: [RecipientProof]
    /// The marks of drills, by scenario.
    var drills: [String: [DrilledMark]]
    /// The times of the newest drills whose marks do not count, because they have no trusted signature, by scenario.
    var untrustedDrills: [String: Timestamp]
    var sizes: ComponentSizes
    var ledger: LedgerFacts
    /// Signs of an intruder: sets that are gone without a prune, marks without a trusted signature.
    var alarms: [String]

    /// - Throws: the error of the store or the repository.
    static func read(_ session: Session) async throws -> StoreFacts {
        let repository = try await session.repository()
        let now = session.now(), pool = session.pool
        let components = session.configuration.components.map(\.name)
        let names = try await pool.run { try repository.setNames() }
        let latest = try await repository.latest(
            of: Set(components), now: now, provesManifests: false, pool: pool)
        let proofs = try await ComponentProofs(components, of: repository, at: now, pool)
        let missing = try await session.missingSets(of: Set(components), in: repository)
        let sizes = try await ComponentSizes(repository, names, now: now, pool: pool)
        let known = try? session.state(of: repository).ledgerHead()
        let ledger = try await LedgerFacts.read(RunLedger(repository), known: known, pool: pool)
        return try await pool.run {
            let marks = Marks(repository)
            var drills: [String: [DrilledMark]] = [:]
            var untrusted: [String: Timestamp] = [:]
            try marks.forEachJudged(DrilledMark.self, unreadable: { _ in }) { _, found in
                guard let scenario = found.mark.scenario, found.mark.at <= now else { return }
                if found.refusal == nil {
                    drills[scenario, default: []].append(found.mark)
                } else {
                    untrusted[scenario] = max(untrusted[scenario] ?? found.mark.at, found.mark.at)
                }
            }
            return StoreFacts(
                location: repository.store.location, sets: names.count, latest: latest,
                marks: proofs.marks,
                verified: proofs.verifications, recipients: try RecipientProof.all(in: repository, now: now),
                drills: drills, untrustedDrills: untrusted,
                sizes: sizes, ledger: ledger,
                alarms: missing.lines + RepositoryError.warnings(aboutMarks: try UntrustedMarks(in: repository).errors))
        }
    }
}

extension ReadinessRow {
    static func store(_ facts: Result<StoreFacts, NoAnswer>) -> ReadinessRow {
        switch facts {
        case .failure(let error):
            ReadinessRow(.store, is: .red, "the store cannot be read: \(error)", remedy: "dr doctor")
        case .success(let facts):
            facts.alarms.first.map { first in
                let more = facts.alarms.count > 1 ? ", and \(facts.alarms.count - 1) more alarms" : ""
                return ReadinessRow(.store, is: .red, "\(first)\(more)", remedy: "dr status")
            } ?? ReadinessRow(.store, is: .green, "\(facts.location) answers, \(Units.count(facts.sets, "set"))")
        }
    }

    /// Judges the newest data of the components that a plan restores.
    /// - Parameters:
    ///   - rpo: seconds; nil if no objective is set.
    ///   - tolerance: the seconds by which clocks may differ.
    static func backup(
        of components: Set<String>, _ latest: RestoreSelection, now: Timestamp, rpo: Int?, tolerance: Int
    ) -> ReadinessRow {
        guard !components.isEmpty else {
            return ReadinessRow(.backup, is: .notApplicable, "the plan restores no component")
        }
        var findings: [(status: Status, text: String)] = []
        var oldest: (component: String, age: Int)?
        for component in components.sorted() {
            guard let chosen = latest.parts[component], let part = chosen.set.components[component] else {
                findings.append((.red, "no backup holds \(component)"))
                continue
            }
            let point = RestorePoint.Part(component, part, now: now, rpo: rpo, tolerance: tolerance)
            if let age = point.ageSeconds, age >= oldest?.age ?? 0 { oldest = (component, age) }
            if let lost = chosen.passedOver.first(where: { [.empty, .shrunk].contains($0.kind) }) {
                findings.append((.red, "\(component) is \(lost.kind.rawValue) in the newer set \(lost.set)"))
            } else if part.shrunk != nil {
                findings.append((.red, "\(component) is shrunk in its newest set"))
            } else if let finding = Self.finding(point, rpo: rpo) {
                findings.append(finding)
            } else if chosen.set.imported != nil {
                findings.append((.red, "\(component): only a backup imported from another tool holds it"))
            } else if let failed = chosen.newerFailure {
                findings.append((.amber, "\(component): the newer set \(failed.set) is \(failed.kind.rawValue)"))
            }
        }
        let age = oldest.map { "oldest data: \($0.component), \(Units.duration(seconds: $0.age)) old" }
        let limit = rpo.map { "RPO \(Units.duration(seconds: $0))" }
        if rpo == nil, findings.isEmpty {
            return ReadinessRow(
                .backup, is: .amber, [age, "no RPO is set"].compactMap { $0 }.joined(separator: "; "),
                remedy: "set 'objectives: {rpo: 1h}' in dr.yaml")
        }
        return row(
            .backup, findings, good: [age, limit].compactMap { $0 }.joined(separator: ", "), remedy: "dr backup")
    }

    private static func finding(_ point: RestorePoint.Part, rpo: Int?) -> (status: Status, text: String)? {
        let name = point.component
        return switch point.verdict {
        case .ok: nil
        case .late:
            (
                .red,
                "\(name): newest data \(Units.duration(seconds: point.ageSeconds ?? 0)) old, "
                    + "RPO \(Units.duration(seconds: rpo ?? 0))"
            )
        case .partial: (.amber, "\(name): its newest backup lacks some paths")
        case .missing: (.red, "no backup holds \(name)")
        case .empty: (.red, "\(name) is empty in its newest backup")
        case .unknown: (.amber, "\(name): the time of its newest data is not known")
        case .future: (.amber, "\(name): its newest data are in the future, so a clock is wrong")
        }
    }

    /// Judges the tests of the recovery keys.
    /// - Parameter limit: the longest time in seconds since a test.
    static func recoveryKeys(_ recipients: [RecipientProof], limit: Int) -> ReadinessRow {
        guard !recipients.isEmpty else {
            return ReadinessRow(.recoveryKeys, is: .notApplicable, "the backups are not encrypted")
        }
        let isTested = recipients.contains { $0.ageSeconds.map { $0 <= limit } ?? false }
        let isEver = recipients.contains { $0.ageSeconds != nil }
        let overdue = recipients.filter { $0.ageSeconds.map { $0 > limit } ?? true }
        guard let first = overdue.first else {
            let oldest = recipients.compactMap(\.ageSeconds).max() ?? 0
            return ReadinessRow(
                .recoveryKeys, is: .green,
                "\(Units.count(recipients.count, "key")) tested within \(Units.duration(seconds: max(0, oldest)))")
        }
        let more = overdue.count > 1 ? ", and \(overdue.count - 1) more" : ""
        // One tested key opens the backups. Without any test, nothing shows that a backup can be read.
        return ReadinessRow(
            .recoveryKeys, is: isTested || isEver ? .amber : .red,
            "\(first.name): \(first.words), limit \(Units.duration(seconds: limit))\(more)",
            remedy: "dr key test --recovery-key KEY")
    }

    /// The number of findings that a row names.
    private static let mostFindings = 5

    /// A row with the worst of the findings, or with the good news.
    static func row(
        _ check: Check, _ findings: [(status: Status, text: String)], good: String, remedy: String
    ) -> ReadinessRow {
        guard let worst = findings.map(\.status).max() else { return ReadinessRow(check, is: .green, good) }
        let ordered = findings.filter { $0.status == worst } + findings.filter { $0.status != worst }
        let shown = ordered.prefix(mostFindings).map(\.text).joined(separator: "; ")
        let more = ordered.count - mostFindings
        let rest = more > 0 ? "; and \(Units.count(more, "more finding"))" : ""
        return ReadinessRow(check, is: worst, shown + rest, remedy: remedy)
    }
}
