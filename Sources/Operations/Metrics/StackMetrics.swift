package import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import Metrics
import Platform
import RecoveryPlan
import StackConfiguration

/// The state of the backups as metrics.
///
/// If a component fails or is not part of a backup, its series show the newest set that holds it whole.
struct StackMetrics {
    /// The newest set.
    private let set: BackupSet
    private let latest: RestoreSelection
    private let proofs: ComponentProofs?
    private let samples: StackSamples

    /// - Parameters:
    ///   - latest: for each configured component, the newest set that holds it whole.
    ///   - proofs: nil if the marks could not be read.
    init(_ set: BackupSet, latest: RestoreSelection, proofs: ComponentProofs?, samples: StackSamples) {
        self.set = set
        self.latest = latest
        self.proofs = proofs
        self.samples = samples
    }

    var families: [MetricFamily] {
        let names = Set(set.components.keys).union(set.failed.keys).union(latest.parts.keys).sorted()
        func each(_ definition: MetricDefinition, _ value: (String) -> Double?) -> MetricFamily {
            samples.each(definition, names.compactMap { name in value(name).map { (["component": name], $0) } })
        }
        func part(_ name: String) -> BackupSet.Component? {
            latest.parts[name]?.set.components[name] ?? set.components[name]
        }
        func times(_ definition: MetricDefinition, _ times: [String: Timestamp]?) -> MetricFamily {
            samples.each(
                definition,
                (times ?? [:]).sorted { $0.key < $1.key }.map { (["component": $0.key], Double($0.value.seconds)) })
        }
        return [
            samples.one(.backupTime, Double(set.finished.seconds)),
            samples.one(.backupComplete, set.status == .complete ? 1 : 0),
            samples.one(.setSize, Double(set.components.values.map(\.bytes).clampedSum())),
            each(.componentSuccess, success),
            each(.newestDatum) { part($0).flatMap(Self.newestDatum) },
            each(.backupDuration) { part($0).map { Double($0.seconds) } },
            each(.backupSize) { part($0).map { Double($0.bytes) } },
            each(.backupFiles) { part($0).map { Double($0.files) } },
            each(.backupStored) { part($0).map { Double($0.added.stored) } },
            each(.shrunk) { name in
                set.components[name].map { $0.shrunk != nil || $0.isEmpty ? 1 : 0 } ?? part(name).map { _ in 0 }
            },
            times(.verified, proofs?.verified), times(.drilled, proofs?.drilled),
        ]
    }

    /// The result of a component. If the newest backup did not include it, the result of the newest one that did.
    private func success(_ name: String) -> Double? {
        if let part = set.components[name] { return part.isWhole ? 1 : 0 }
        if set.failed[name] != nil { return 0 }
        guard let latest = latest.parts[name] else { return nil }
        return latest.isCurrent && latest.set.components[name]?.isWhole == true ? 1 : 0
    }

    /// The time of the newest datum; nil if there is none, its time is unknown, or a clock was wrong.
    private static func newestDatum(_ part: BackupSet.Component) -> Double? {
        guard part.datum == nil, let time = part.newestDatum else { return nil }
        return Double(time) / 1000
    }
}

extension Session {
    /// Notes the state of the backups for the metrics of this command. Failures are warnings.
    /// - Parameters:
    ///   - newest: the set that this command has just written; nil to find the newest.
    package func noteStack(_ repository: Repository, newest: BackupSet? = nil, telling output: Output) async {
        guard writesMetrics else { return }
        do { try await readStack(repository, newest: newest) } catch {
            output.warn("metrics: the state of the backups could not be read: \(error)")
        }
    }

    /// Notes the state of the backups.
    func readStack(_ repository: Repository, newest: BackupSet? = nil) async throws {
        let now = now()
        noteCopyDamage(of: repository)
        let found: BackupSet?
        if let newest {
            found = newest
        } else {
            found = try await pool.run { try repository.newestSet(now: now).set }
        }
        if let found {
            let names = Set(configuration.components.map(\.name)).union(found.components.keys)
            let proofs = try? await ComponentProofs(names, of: repository, at: now, pool)
            let latest = try await repository.latest(
                of: names, now: now, known: found.name, provesManifests: false, pool: pool)
            for family in StackMetrics(found, latest: latest, proofs: proofs, samples: samples).families {
                collected.note(.replace(family))
            }
        }
        try await noteRepository(repository, known: found?.name, now: now)
    }

    private func noteRepository(_ repository: Repository, known: Timestamp?, now: Timestamp) async throws {
        if let recipients = try? await pool.run({ try RecipientProof.all(in: repository, now: now) }) {
            collected.note(
                .replace(
                    samples.each(
                        .keyTestTime,
                        recipients.compactMap { recipient in
                            recipient.tested.map { (["fingerprint": recipient.fingerprint], Double($0.seconds)) }
                        })))
            collected.note(
                .replace(
                    samples.each(
                        .keyTested,
                        recipients.map { (["fingerprint": $0.fingerprint], $0.verdict == .tested ? 1 : 0) })))
        }
        collected.note(.replace(samples.each(.certificateExpiry, Self.expiries(repository))))
        let names = try await pool.run { try repository.setNames(including: known) }
        collected.note(.replace(samples.one(.sets, Double(names.count))))
        if let head = (try? state(of: repository))?.ledgerHead() {
            collected.note(.replace(samples.one(.ledgerHead, Double(head.number))))
        }
        let forecasts = try await RecoveryForecasts(self, repository, sets: names, now: now).outlooks
        func each(_ definition: MetricDefinition, _ value: (RecoveryOutlook) -> Double?) -> MetricFamily {
            samples.each(
                definition,
                forecasts.compactMap { outlook in value(outlook).map { (["scenario": outlook.scenario], $0) } })
        }
        collected.note(
            .replace(each(.recoveryForecast) { $0.points.first.flatMap { $0.total?.expected ?? $0.atLeast } }))
        collected.note(.merge(each(.recoveryObjective) { $0.rto }))
    }

    private static func expiries(_ repository: Repository) -> [([String: String], Double)] {
        let recipients = repository.encryption.recipients.map { ($0.fingerprint.hex, $0.expires, "recipient") }
        let signers = ([repository.signing.signer?.certificate].compactMap { $0 } + repository.signing.trusted).map {
            ($0.fingerprint.hex, $0.expires, "signer")
        }
        var seen: Set<String> = []
        return (recipients + signers).filter { seen.insert($0.2 + $0.0).inserted }.map { fingerprint, expires, role in
            (["role": role, "fingerprint": fingerprint], expires.timeIntervalSince1970.rounded(.down))
        }
    }
}
