package import BackupRepository
import Platform
package import RecoveryPlan
import StackConfiguration

/// The state of the backups of each component: the age of the newest restorable data, its verification, and the
/// forecasts of the recovery time. This is the document of `dr status --json`.
package struct StatusReport: Encodable {
    package var rpoSeconds: Int?
    package var components: [Row]
    /// The recipients of dr.yaml, and the newest test that the key of each passed.
    package var recoveryKeys: [RecipientProof]
    /// Sets from the future, oldest first: a clock was wrong.
    package var future: [Timestamp]
    /// The forecasts of the recoveries that were run or drilled on this machine.
    package var recoveries: [RecoveryOutlook]
    /// The reasons why forecasts are missing.
    package var recoveryNotes: [String]
    /// The previous content that restores kept beside the components' directories.
    package var previousContent: [PreviousContentRow]
    /// Signs of an intruder: sets that are gone without a prune, marks without a trusted signature.
    package var alarms: [String]
    /// The lag and the damage of each copy of the store; absent if there are none.
    package var copies: [CopyState]?
    /// Warnings for the operator, in order. Not part of the document.
    package private(set) var remarks: [String] = []
    /// The forecasts as text. Not part of the document.
    package let forecastText: String

    private enum CodingKeys: String, CodingKey {
        case rpoSeconds, components, recoveryKeys, future, recoveries, recoveryNotes, previousContent, alarms, copies
    }

    package init(_ session: Session, _ repository: Repository) async throws {
        let names = try await session.pool.run { try repository.setNames() }
        let now = session.now()
        // Without a configuration, the components are those of the newest set.
        let configured = session.isWithoutConfiguration ? nil : session.configuration.components.map(\.name)
        let latest = try await repository.latest(
            of: configured.map(Set.init), now: now, provesManifests: false, pool: session.pool)
        let listed = configured ?? (latest.parts.keys + latest.missing).sorted()
        let proofs = try await ComponentProofs(listed, of: repository, at: now, session.pool)
        remarks = SelectionText.remarks(latest, inCopy: session.copyName)
        let encryption = try await session.pool.run {
            try repository.encryption(of: latest.sets, hasConfiguration: !session.isWithoutConfiguration)
        }
        for (name, found) in encryption.sorted(by: { $0.key < $1.key }) where found.state != .unknown {
            if let remark = found.remark { remarks.append("set \(name) \(remark)") }
        }
        let future = latest.passedOver.filter { $0.kind == .future }.map(\.set)
        components = listed.map { component in
            Row(
                component, newest: latest.parts[component], proofs: proofs, hasFuture: !future.isEmpty, now: now,
                rpo: session.rpo, tolerance: repository.scope.clockTolerance, encryption: encryption)
        }
        if let remark = DrillText.remark(proofs.untrustedDrills) { remarks.append(remark) }
        let damaged = Set(components.filter { $0.verdict == "damaged" }.compactMap(\.set))
        for name in damaged.sorted() {
            remarks.append(
                "a verification found set \(name) damaged: a restore of it may fail\nhint: \(session.remedyOfDamage)")
        }
        let forecasts = try await RecoveryForecasts(session, repository, sets: names, now: now)
        previousContent = await PreviousContentRow.all(session, now: now)
        let missing = try await session.missingSets(of: Set(listed), in: repository)
        let untrusted = try await session.pool.run { try UntrustedMarks(in: repository).errors }
        alarms = missing.lines + RepositoryError.warnings(aboutMarks: untrusted)
        remarks += alarms + missing.hints
        // Without a configuration, dr has said it when it opened the repository.
        if !repository.signing.isRequired, !session.isWithoutConfiguration { remarks.append(SigningText.unsigned) }
        recoveryKeys = try await session.pool.run { try RecipientProof.all(in: repository, now: now) }
        rpoSeconds = session.rpo
        self.future = future.sorted()
        recoveries = forecasts.outlooks
        recoveryNotes = forecasts.notes
        forecastText = forecasts.text
        let states = session.copyStates(of: repository, sets: names)
        remarks += states.flatMap(\.warnings)
        copies = states.isEmpty ? nil : states
    }

    /// True if each component meets the RPO with sound data, and no set is from the future.
    package var meetsObjectives: Bool { future.isEmpty && components.allSatisfy { $0.verdict == "ok" } }

    package struct Row: Encodable, Sendable {
        package var component: String
        package var set: Timestamp?
        package var status: String?
        /// Milliseconds since 1970; the time of the capture if the kind does not report a newest datum.
        package var newestDatum: Int?
        package var ageSeconds: Int?
        /// The times when every byte of a set that holds the component was last verified, and when such a set was last
        /// drilled.
        package var verified: Timestamp?
        package var drilled: Timestamp?
        /// The time of a later drill that does not count, because its mark has no trusted signature.
        package var untrustedDrill: Timestamp?
        /// "ok", "late", "unknown" (time of the newest datum), "future" (a datum is later than now), "empty", "shrunk"
        /// (the newest backup), "damaged" (a verification found the set damaged), "no backup", "future set" (a set from the
        /// future exists).
        package var verdict: String
        /// The keys that open the set; absent where neither dr.yaml nor the set has recipients.
        package var encryption: SetEncryption?
        /// The newer sets that a restore skips, newest first.
        package var passedOver: [RestoreSelection.PassedOver]

        fileprivate init(
            _ component: String, newest: RestoreSelection.Part?, proofs: ComponentProofs, hasFuture: Bool,
            now: Timestamp, rpo: Int?, tolerance: Int, encryption: [Timestamp: SetEncryption]
        ) {
            self.component = component
            (verified, drilled) = (proofs.verified[component], proofs.drilled[component])
            untrustedDrill = proofs.untrustedDrills[component]
            passedOver = newest?.passedOver ?? []
            guard let newest, let part = newest.set.components[component] else {
                verdict = "no backup"
                return
            }
            set = newest.set.name
            self.encryption = encryption[newest.set.name]
            let isDamaged = proofs.marks[newest.set.name].isDamaged
            status = part.damaged > 0 || isDamaged ? "damaged" : part.shrunk != nil ? "shrunk" : "whole"
            let point = RestorePoint.Part(component, part, now: now, rpo: rpo, tolerance: tolerance)
            newestDatum = point.newestDatum
            ageSeconds = point.ageSeconds
            // Lost data is worse than late data.
            let loss = newest.passedOver.first { [.empty, .shrunk].contains($0.kind) }?.kind
            if part.isEmpty || loss == .empty {
                verdict = RestorePoint.Verdict.empty.rawValue
            } else if isDamaged {
                verdict = "damaged"
            } else if part.shrunk != nil || loss != nil {
                verdict = "shrunk"
            } else if point.verdict == .ok, newest.set.imported != nil {
                // Another tool's backup meets no objective.
                verdict = "no backup"
            } else if point.verdict == .ok, hasFuture {
                verdict = "future set"
            } else {
                verdict = point.verdict.rawValue
            }
        }
    }
}

extension Session {
    /// What an operator does about a damaged set of this store.
    fileprivate var remedyOfDamage: String {
        "`\(StoreCommand.text("verify", inCopy: copyName))` lists the damage; \(damageAdvice(readsData: true))"
    }
}
