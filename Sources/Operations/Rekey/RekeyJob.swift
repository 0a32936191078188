package import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import ObjectStorage
import Platform
import Retention
package import StackConfiguration

/// `dr rekey`: copies the repository of the configuration to another address, encrypted to the present recipients.
package struct RekeyJob {
    package enum Scope: String, CaseIterable, Sendable {
        /// The newest set that holds each component whole.
        case newest
        /// The sets that the retention policy keeps.
        case kept
        /// Every set that no operator has dropped.
        case all
    }

    package let session: Session
    package let location: StoreLocation
    package var scope = Scope.kept
    package var recoveryKey: String?

    package init(session: Session, location: StoreLocation) {
        self.session = session
        self.location = location
    }

    /// The size of the work.
    package struct Preview: Encodable, Sendable {
        package var to: String
        package var dryRun = true
        package var sets: [Timestamp]
        package var manifests: Int
        package var packs: Int
        /// Bytes of the packs as they are stored now.
        package var bytes: Int
        package var failed: [UncopiedSet]
        /// SHA-256 fingerprints of the recipients of the copy.
        package var recipients: [String]

        package var text: String {
            var lines = [
                "would copy \(Units.count(sets.count, "set")), \(Units.count(manifests, "manifest")) and "
                    + "\(Units.count(packs, "pack")), \(Units.bytes(bytes)), to \(to)"
            ]
            lines.append(
                recipients.isEmpty
                    ? "the copy would not be encrypted: dr.yaml has no recipients"
                    : "encrypted to \(recipients.joined(separator: ", "))")
            lines += RekeyJob.text(of: failed)
            return lines.joined(separator: "\n")
        }
    }

    package struct Result: Encodable, Sendable {
        package var to: String
        package var dryRun = false
        /// The id of the copy.
        package var repository: String
        package var copied: Rekey.Report

        package var isWhole: Bool { copied.failed.isEmpty }
        package var isProved: Bool { copied.findings.isEmpty }

        package var text: String {
            var lines = [
                "copied \(Units.count(copied.sets, "set")), \(Units.count(copied.manifests, "manifest")), "
                    + "\(Units.count(copied.packs, "pack")) (\(copied.packsPresent) of an earlier run) and "
                    + "\(Units.count(copied.marks, "mark")), \(Units.bytes(copied.bytes))",
                "verified the SHA-256 of \(Units.count(copied.contents, "content")) on the way",
            ]
            lines += RekeyJob.text(of: copied.failed)
            lines += copied.findings.map { "DAMAGED '\($0.object.printable)': \($0.reason)" }
            guard isProved, isWhole else { return lines.joined(separator: "\n") }
            lines.append("the copy is complete: every object that its sets refer to exists and matches its hash")
            lines.append(
                """

                To use it, change dr.yaml:
                  store:
                    url: \(to)
                    repository: \(repository)
                Give each of its `copies:` a new, empty place: those in use are of the old repository.
                Then run `dr verify --read-data --recovery-key KEY`, make a new recovery kit, and keep the old repository
                until then. To copy the sets that were made meanwhile, run the same command again before the change.
                """)
            return lines.joined(separator: "\n")
        }
    }

    fileprivate static func text(of failed: [UncopiedSet]) -> [String] {
        failed.map { "set \($0.set) cannot be copied: \($0.reason)" }
    }

    // MARK: Running

    package func preview() async throws -> Preview {
        let source = try await source()
        let names = try await names(in: source)
        let plan = try await session.pool.run { try Rekey.preview(of: names, in: source) }
        let archived = try await ArchivedPacks(of: plan.needs, in: source, pool: session.pool)
        try session.requireReadable(archived, in: source, to: .rekey, isDryRun: true)
        return Preview(
            to: location.description, sets: plan.sets, manifests: plan.manifests, packs: plan.packs, bytes: plan.bytes,
            failed: plan.failed, recipients: source.encryption.fingerprints ?? [])
    }

    package func run() async throws -> Result {
        guard location != session.configuration.store.url else {
            throw UsageError("--to is the address of the repository itself", hint: "name an empty prefix or directory")
        }
        let source = try await source()
        let names = try await names(in: source)
        guard !names.isEmpty else { throw UsageError("there is no backup set to copy") }
        if source.encryption.recipients.isEmpty,
            try await session.pool.run({ try source.newestReadableSet()?.recipients != nil })
        {
            throw UsageError(
                "the backups are encrypted, and the copy would not be: dr.yaml has no recipients",
                hint: "add `recipients:` under store")
        }
        try await requireReadable(names, in: source)
        let target = try await target(of: source)
        let progress = WorkProgress()
        var rekey = Rekey(
            source, to: target, tool: Release.tool, now: session.now(), pool: session.pool, progress: progress)
        rekey.lanes = session.lanes
        rekey.state = try session.state(of: target)
        let display = ProgressDisplay(options: session.options, work: [("", progress)])
        let report = try await display.during { [rekey] in try await rekey.run(names) }
        return Result(to: location.description, repository: target.description.id, copied: report)
    }

    /// The repository of the configuration; its packs may be without encryption.
    private func source() async throws -> Repository {
        let source = try await session.repository(recoveryKey: recoveryKey, allowsClear: true)
        try source.signing.requireSigner(toWrite: "the copied backup sets", as: [.backup], at: session.now())
        return source
    }

    /// Before the address becomes a repository: one that holds nothing else is left as it is.
    private func requireReadable(_ names: [Timestamp], in source: Repository) async throws {
        guard source.store.tiering != nil,
            try await session.pool.run({ try ArchivedPacks.areListed(in: source.store) })
        else { return }
        let plan = try await session.pool.run { try Rekey.preview(of: names, in: source) }
        let store: (any ObjectStore)?
        do { store = try self.store(create: false) } catch let error as ObjectStoreError
            where error.reason == .noSuchStore
        { store = nil }
        try await Rekey.requireReadable(plan.needs, in: source, unlessIn: store, pool: session.pool)
    }

    private func store(create: Bool) throws -> any ObjectStore {
        var settings = session.configuration.store
        settings.url = location
        return try StoreFactory.make(settings, create: create, logger: session.logger)
    }

    private func target(of source: Repository) async throws -> Repository {
        let store = try store(create: true)
        let now = session.now()
        var (target, _) = try await session.pool.run {
            try Repository.forRekey(of: source, in: store, tool: Release.tool, now: now)
        }
        target.scope = source.scope
        target.lock = source.lock
        target.encryption.recipients = source.encryption.recipients
        try await session.giveDocumentKey(to: &target)
        if let key = target.encryption.documentKeys.first {
            try await session.pool.run { [target] in try target.store(key, now: now) }
        }
        // The copy is signed by this machine alone. Its readers need not know the signers of the source.
        target.signing = SetSigning(
            signer: source.signing.signer, trusted: source.signing.signer.map { [$0.certificate] } ?? [])
        target.signing.trust(
            source.signing.signers.filter { $0.fingerprint == source.signing.signer?.certificate.fingerprint })
        return target
    }

    private func names(in source: Repository) async throws -> [Timestamp] {
        let now = session.now()
        switch scope {
        case .newest:
            let latest = try await source.latest(of: nil, now: now, provesManifests: true, pool: session.pool)
            return latest.sets.map(\.name)
        case .all, .kept:
            let all = try await session.pool.run { try source.setNames() }
            let (sets, unreadable) = try await source.sets(all, pool: session.pool)
            let marks = try await session.pool.run { try SetMarks(Marks(source)) }
            let own = sets.filter {
                source.scope.owns($0) && !source.scope.isFuture($0, at: now)
                    && marks[$0.name].dropReason(at: now) == nil
            }
            let policy = session.configuration.retention.policy
            let names =
                scope == .all
                ? Set(own.map(\.name)) : session.kept(own, marks: marks, in: source, by: policy)
            // An unreadable set is named in the report, unless dr did not write it.
            let lost = try await session.pool.run {
                try unreadable.map(\.name).filter {
                    try marks[$0].dropReason(at: now) == nil && !source.isForeign($0, at: now)
                }
            }
            return names.union(lost).sorted()
        }
    }
}
