internal import Cryptography
package import ObjectStorage
package import Platform
internal import Synchronization

/// Copies backup sets to another repository, encrypted to other recipients: `dr rekey`.
///
/// Packs keep their ids, members and contents; indexes, manifests, sets and signatures are written anew, because each names
/// the SHA-256 of the one below it. The objects are written in the order of a backup: a crash leaves objects that no
/// document refers to. A second run uses all that is there, after it has compared and read it. The source is only read.
package struct Rekey: Sendable {
    package var source: Repository
    /// From ``Repository/forRekey(of:in:tool:now:)``, with the recipients and the signer of the copy.
    package var target: Repository
    package var tool: String
    package var now: Timestamp
    package var pool: BlockingPool
    package var progress: WorkProgress
    /// The notes of this machine about the copy, so that its next backup builds upon it; nil for none.
    package var state: StateFolder?
    /// The number of packs that are copied at the same time.
    package var lanes = 2

    package init(
        _ source: Repository, to target: Repository, tool: String, now: Timestamp, pool: BlockingPool,
        progress: WorkProgress
    ) {
        self.source = source
        self.target = target
        self.tool = tool
        self.now = now
        self.pool = pool
        self.progress = progress
    }

    package struct Report: Codable, Equatable, Sendable {
        package var sets = 0, manifests = 0, packs = 0, marks = 0
        /// Packs that an earlier run has copied.
        package var packsPresent = 0
        /// Contents whose SHA-256 was verified on their way.
        package var contents = 0
        /// Bytes of all packs in the copy, as they are stored.
        package var bytes = 0
        package var failed: [UncopiedSet] = []
        /// Objects of the copy that are damaged.
        package var findings: [Verification.Finding] = []
    }

    /// - Throws: the error that prevents the copy; `RepositoryError` `.archived`, before anything is copied, if a pack that
    ///   the copy lacks must be thawed first. Sets that cannot be copied are in the report.
    package func run(_ names: [Timestamp]) async throws -> Report {
        try target.signing.requireSigner(toWrite: "the copied backup sets", as: [.backup], at: now)
        var copy = self
        copy.target.writing.lock = target.lock?.ahead(of: now.seconds)
        return try await copy.copySets(names)
    }

    private func copySets(_ names: [Timestamp]) async throws -> Report {
        progress.begin("reading sets")
        let plan = try await pool.run { try RekeyPlan(of: names, in: source) }
        try await Self.requireReadable(plan.needs, in: source, unlessIn: target.store, pool: pool)
        let marks = RekeyMarks(source: source, target: target, sets: Set(plan.sets.map(\.name)), now: now)
        // Before the long work: without the pins, retention would remove sets that an operator keeps.
        if try await pool.run({ try !marks.pins().isEmpty }) {
            try target.signing.requireSigner(toWrite: "the pins of the copy", as: PinnedMark.roles, at: now)
        }
        progress.update {
            $0.phase = "copying packs"
            $0.totalFiles = plan.packs.count
            $0.totalBytes = plan.bytes
        }
        let packs = try await copyPacks(of: plan)
        progress.update { $0.phase = "writing sets" }
        var report = try await pool.run { try writeDocuments(of: plan, packs) }
        progress.update { $0.phase = "verifying" }
        // The copy is proved by what is in it, and not by what this run believes to have written.
        let verification = Verification(repository: target, pool: pool, progress: WorkProgress())
        let verified = try await verification.run()
        report.findings = verified.findings
        if verified.findings.isEmpty, !verified.setsRead.isEmpty {
            let mark = VerifiedMark(
                at: now, tool: tool, level: .structure, share: 0, good: verified.setsRead.sorted(), damaged: [])
            _ = try await pool.run { [target] in try Marks(target).record(mark) }
        }
        progress.update { $0.phase = "done" }
        return report
    }

    private struct CopiedPacks: Sendable {
        var done: [String: PackCopy.Outcome] = [:]
        var failed: [String: String] = [:]
    }

    private func copyPacks(of plan: RekeyPlan) async throws -> CopiedPacks {
        let copied = Mutex(CopiedPacks())
        let copy = PackCopy(source: source, target: target, progress: progress)
        let packs = plan.packs.values.sorted { $0.use.pack < $1.use.pack }
        try await source.forEachPack(of: packs, lanes: lanes, on: pool, writer: target.store.memoryOfTransfer) { pack in
            do {
                let outcome = try copy.copy(pack.use, of: pack.component)
                copied.withLock { $0.done[pack.use.pack] = outcome }
            } catch let error as RepositoryError where error.reason == .damaged {
                copied.withLock { $0.failed[pack.use.pack] = "\(error)" }
            }
            progress.update { $0.files += 1 }
        }
        return copied.withLock { $0 }
    }

    // MARK: Documents

    private func writeDocuments(of plan: RekeyPlan, _ packs: CopiedPacks) throws -> Report {
        var report = Report()
        report.failed = plan.failed
        report.packs = packs.done.count
        report.packsPresent = packs.done.values.count(where: \.isSkipped)
        report.contents = packs.done.values.lazy.map(\.contents).clampedSum()
        report.bytes = packs.done.values.lazy.map(\.bytes).clampedSum()
        let writer = RekeyWriter(target: target, signer: target.signing)
        var before: RekeyWriter.Written?
        let numbers = plan.numbers
        var written: Set<Timestamp> = []
        for set in plan.sets {
            try Task.checkCancellation()
            var copy = set
            do {
                for (component, part) in set.components {
                    guard let manifest = plan.manifests[part.sha256] else { continue }
                    copy.components[component]?.sha256 = try writer.put(manifest) { pack in
                        guard let outcome = packs.done[pack] else {
                            throw RepositoryError.damaged(
                                Layout.manifest(component, part.manifest).text,
                                packs.failed[pack] ?? "pack \(pack) was not copied")
                        }
                        return outcome.index
                    }
                    report.manifests += 1
                }
            } catch let error as RepositoryError where error.isUnreadable {
                report.failed.append(UncopiedSet(set: set.name, reason: error.detail))
                continue
            }
            copy.repository = target.description.id
            copy.recipients = target.encryption.fingerprints
            copy.ledger = nil  // the new repository begins its own ledger
            copy.previous = before?.name
            copy.previousDigest = before?.digest
            copy.number = before.map { $0.number.addingClamped(1) } ?? numbers[set.name]
            before = try writer.put(copy, at: now)
            written.insert(set.name)
            report.sets += 1
            for (component, part) in copy.components { try state?.recordManifest(part.sha256.hex, of: component) }
        }
        if let before {
            try state?.recordLastSet(before.name)
            try state?.recordDigest(before.digest.hex, ofLastSet: before.name)
        }
        report.marks = try RekeyMarks(source: source, target: target, sets: written, now: now).copy()
        report.failed.sort { $0.set < $1.set }
        return report
    }
}

extension Rekey {
    /// Checks that the source can deliver the packs that a copy reads. Reads no pack.
    ///
    /// An earlier run may have copied packs while they were thawed: they are not read again.
    /// - Parameter store: that of the copy; it may hold no repository yet. Nil for one that does not exist.
    /// - Throws: `RepositoryError` `.archived`.
    package static func requireReadable(
        _ needs: PackNeeds, in source: Repository, unlessIn store: (any ObjectStore)?, pool: BlockingPool
    ) async throws {
        guard source.store.tiering != nil else { return }
        let lacking = try await pool.run { () throws -> PackNeeds in
            guard let store else { return needs }
            var lacking = needs
            let presence = StoredSizes()
            for component in needs.sets.keys { try presence.list(component, in: store) }
            lacking.remove { pack, component in presence.isWhole(pack, of: component) }
            return lacking
        }
        let archived = try await ArchivedPacks(of: lacking, in: source, pool: pool)
        try archived.requireReadable(to: .rekey)
    }

    /// The size of a copy.
    package struct Preview: Sendable {
        package var sets: [Timestamp]
        package var manifests: Int
        package var packs: Int
        /// Bytes of the packs in the source.
        package var bytes: Int
        package var failed: [UncopiedSet]
        /// The packs, for a look at their classes.
        package var needs: PackNeeds
    }

    /// Reads the sets and manifests, and lists the packs. Blocks.
    package static func preview(of names: [Timestamp], in source: Repository) throws -> Preview {
        let plan = try RekeyPlan(of: names, in: source)
        return Preview(
            sets: plan.sets.map(\.name), manifests: plan.manifests.count, packs: plan.packs.count, bytes: plan.bytes,
            failed: plan.failed, needs: plan.needs)
    }
}
