internal import Cryptography
package import ObjectStorage
package import Platform
internal import Synchronization

/// Copies backup sets to another store of the same repository, object by object: `dr copy`.
///
/// The objects keep their keys and bytes. Those of a set are written in the order of a backup, the set last, and under
/// the marks of a run, so that a prune of the copy cannot remove what the set needs. A killed copy leaves objects that
/// the next one uses. The source is only read. Sets that need packs in an archive class of the source are passed over.
///
/// Memory: the keys of the packs of the copied components, and one manifest.
package struct SetCopy: Sendable {
    package var source: Repository
    /// The repository in the other store, with its lock.
    package var target: Repository
    package var tool: String
    package var now: Timestamp
    package var pool: BlockingPool
    package var progress: WorkProgress
    package var limit: RateLimit?
    /// The number of packs that are sent at the same time.
    package var lanes = 4
    /// True to bring sets back to the store that they came from. Where they are signed, an object there that differs is
    /// then replaced. Without signatures a hostile store could so destroy what other sets need.
    package var isRepair = false
    /// The name of the copy that is the source, for the advice to thaw its packs; nil for the first store.
    package var sourceCopy: String?

    private var purpose: ArchivedPacks.Purpose { isRepair ? .repair : .copy }

    private var replacesDamaged: Bool { isRepair && source.signing.isRequired }

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
        /// The copied sets, newest first.
        package var sets: [Timestamp] = []
        package var objects = 0, bytes = 0
        /// Pins, drills and recorded queries.
        package var marks = 0
        package var failed: [UncopiedSet] = []
        /// Sets that are not copied, because a prune of the other store abandoned an earlier copy of them.
        package var abandoned: [Timestamp] = []
    }

    // MARK: Which sets

    /// Returns the wanted sets that the other store lacks. The newest comes first: the copy is useful early. A set that a
    /// prune removed there is not wanted again. Blocks.
    /// - Parameters:
    ///   - wanted: names of sets of the source.
    ///   - target: nil if the other store has no repository yet.
    package static func lacking(_ wanted: Set<Timestamp>, in target: Repository?) throws -> [Timestamp] {
        guard let target else { return wanted.sorted(by: >) }
        let pruned = try PrunedMark.names(in: target) { _ in }
        return try wanted.subtracting(target.setNames()).subtracting(pruned).sorted(by: >)
    }

    /// Returns the newest set of a store that is not from the future; nil if it has none. Blocks.
    package static func newest(in repository: Repository, at now: Timestamp) throws -> Timestamp? {
        try repository.setNames().last { !repository.scope.isFuture($0, at: now) }
    }

    /// Returns the sets of a copy that are newer than all of the source, and that no prune removed there: the source has
    /// lost them. Blocks.
    package static func lost(by source: Repository, in copy: Repository) throws -> [Timestamp] {
        func newer() throws -> [Timestamp] {
            let last = try source.setNames().last
            return try copy.setNames().filter { name in last.map { name > $0 } ?? true }
        }
        guard try !newer().isEmpty else { return [] }
        source.store.refresh()  // another run may have made and copied a set meanwhile
        let pruned = try PrunedMark.names(in: source) { _ in }
        return try newer().filter { !pruned.contains($0) }
    }

    /// Returns true if the store has no description of a repository, or only a damaged one. Blocks.
    package static func needsDescription(_ store: any ObjectStore) throws -> Bool {
        do {
            _ = try Repository(opening: store)
            return false
        } catch let error as RepositoryError where error.reason == .notARepository {
            // Not for a store that cannot be reached.
            return try store.head(Layout.description) == nil
        } catch let error as RepositoryError where error.reason == .damaged { return true }
    }

    /// A store that lost its description may hold another repository.
    /// - Throws: `RepositoryError` `.otherRepository` if it has sets, and none of them is one of the source's.
    private static func requireSameSets(_ source: Repository, in store: any ObjectStore) throws {
        var (seen, isSame) = (0, false)
        try store.list(prefix: Layout.setPrefix, after: nil) { object in
            guard Layout.name(of: object.key, suffix: ".json").flatMap(Timestamp.init) != nil else { return .proceed }
            seen += 1
            guard let known = try source.store.head(object.key), known.size == object.size else { return .proceed }
            isSame = try store.readDocument(object.key) == source.store.readDocument(object.key)
            return isSame ? .stop : .proceed
        }
        guard seen == 0 || isSame else {
            throw RepositoryError(
                .otherRepository, object: store.location,
                "its description is missing or damaged, and none of its sets is one of \(source.description.id)",
                hint: "name an empty prefix or directory")
        }
    }

    /// Copies the description of the repository, with which the other store becomes one. Blocks.
    package static func begin(from source: Repository, in store: any ObjectStore) throws {
        // A description is only replaced if it is damaged.
        let isThere = try store.head(Layout.description) != nil
        try requireSameSets(source, in: store)
        let writing = PutOptions(try isThere && needsDescription(store) ? .none : .ifAbsent)
        let transfer = ObjectTransfer(source: source.store, target: store, writing: writing, progress: WorkProgress())
        try transfer.send(try source.store.readDocument(Layout.description), as: Layout.description)
    }

    // MARK: Copying

    /// - Throws: errors of the other store; `CancellationError`. Sets that cannot be copied are in the report.
    package func run(_ sets: [Timestamp]) async throws -> Report {
        var copy = self
        copy.target.writing.lock = target.lock?.ahead(of: now.seconds)
        return try await copy.copy(sets)
    }

    private func copy(_ sets: [Timestamp]) async throws -> Report {
        var report = Report()
        if !sets.isEmpty {
            progress.begin("listing the copy")
            // Before anything is listed: a prune that ends later is then noticed.
            let guarding = try await pool.run { try RunGuard(target, run: RandomID.make(), now: now) }
            do {
                let presence = StoredSizes()
                let cold = ColdSource(source.store)
                for (number, name) in sets.enumerated() {
                    progress.update { $0.phase = "copying set \(number + 1) of \(sets.count)" }
                    do {
                        guard let sent = try await copy(name, from: cold, unlessIn: presence, under: guarding) else {
                            report.abandoned.append(name)
                            continue
                        }
                        report.sets.append(name)
                        report.objects += sent.objects
                        report.bytes = report.bytes.addingClamped(sent.bytes)
                    } catch let error as RepositoryError where !error.stopsCopy {
                        report.failed.append(UncopiedSet(set: name, reason: error.reasonNotToCopy))
                    } catch let error as ObjectStoreError where error.isOfArchivedPack {
                        // Its thaw ended, or a rule of the bucket archived it, after it was listed.
                        let command = ArchivedPacks.command(for: name, inCopy: sourceCopy)
                        let advice = "run `\(command) --wait`, \(purpose.advice)"
                        let reason = "\(error.place.text): \(error.detail); \(advice)"
                        report.failed.append(UncopiedSet(set: name, reason: reason))
                    }
                }
            } catch {
                try? await pool.run { try guarding.end() }
                throw error
            }
            try await pool.run { try guarding.end() }
        }
        // Sets that are still gone from a repaired store may come from another one.
        if !isRepair { try await pool.run { [report] in try recordGaps(report, wanted: Set(sets)) } }
        report.marks = try await pool.run { [report] in try copyMarks(afterCopying: Set(report.sets)) }
        progress.update { $0.phase = "done" }
        return report
    }

    fileprivate struct Sent: Sendable {
        var objects = 0, bytes = 0
    }

    /// - Returns: nil if a prune of the other store abandoned the run of the set. That is final, because the prune may have
    ///   removed a part of its objects and may be about to remove more: no reader of that store would use the set.
    private func copy(
        _ name: Timestamp, from cold: ColdSource, unlessIn presence: StoredSizes, under guarding: RunGuard
    ) async throws -> Sent? {
        let (set, document) = try await pool.run { try committed(name) }
        if try await pool.run({ try OutcomeMark.find(set.run, in: Marks(target)) }) == .void {
            guard isRepair else { return nil }
            throw Self.abandoned(name)
        }
        // With a random id: a copy that was killed in the same second has left a mark of the same run.
        let lease = try await pool.run { try Marks(target).put(RunMark(at: now, run: set.run)) }
        let result: Result<Sent, any Error>
        do {
            result = .success(
                try await copy(set, document: document, from: cold, unlessIn: presence, under: guarding))
        } catch { result = .failure(error) }
        // If the mark stays, a later prune removes it.
        _ = try? await pool.run { try target.store.delete([lease.key]) }
        return try result.get()
    }

    private func copy(
        _ set: BackupSet, document: [UInt8], from cold: ColdSource, unlessIn presence: StoredSizes,
        under guarding: RunGuard
    ) async throws -> Sent {
        var manifests: [(manifest: Manifest, sha256: Digest)] = []
        for (component, part) in set.components.sorted(by: { $0.key < $1.key }) {
            let manifest = try await pool.run {
                try presence.list(component, in: target.store)
                return try source.manifest(component, of: set)
            }
            manifests.append((manifest, part.sha256))
        }
        let sent = SentCount()
        let packs = manifests.flatMap { part in part.manifest.packs.map { (part.manifest.component, $0) } }
            .filter { replacesDamaged || !presence.isWhole($1.pack, of: $0) }
        try await requireReadable(packs, of: set.name, from: cold, unlessIn: presence)
        progress.update {
            ($0.files, $0.totalFiles) = (0, packs.count)
        }
        let writer = target.store.memoryOfTransfer
        try await source.forEachPack(of: packs, lanes: lanes, on: pool, writer: writer) { component, use in
            try send(use, of: component, unlessIn: presence, counting: sent)
            progress.update { $0.files += 1 }
        }
        try await pool.run { [manifests] in
            for (manifest, sha256) in manifests {
                let key = Layout.manifest(manifest.component, manifest.name)
                sent.add(try send(key, sha256: sha256, limit: DocumentLimits.longestManifest))
            }
            // After the manifests: either this run sees the prune, or the prune sees the manifests.
            for (manifest, _) in manifests {
                let doomed = try guarding.doomed(of: manifest)
                guard doomed.isEmpty else {
                    presence.forget()
                    throw RepositoryError(
                        .alreadyExists, object: Layout.set(set.name).text,
                        "a prune of the copy removes \(Units.count(doomed.count, "pack")) that it needs",
                        hint: "the next `dr copy` sends them again")
                }
            }
            let signature = Layout.signature(of: set)
            if try source.store.head(signature) != nil {
                let bytes = try source.store.readDocument(signature)
                try transfer.send(bytes, as: signature)
                sent.add(bytes.count)
            }
            try transfer.send(document, as: Layout.set(set.name))
            sent.add(document.count)
            guard try OutcomeMark.settle(set.run, as: .committed, at: now, in: Marks(target)) == .committed else {
                if let refused = try target.store.delete([Layout.set(set.name)]).first { throw refused }
                throw Self.abandoned(set.name)
            }
        }
        return sent.total
    }

    /// Before the first pack of a set is sent: what is sent of a set that cannot be copied whole is of no use.
    /// - Throws: `RepositoryError` `.archived` if the copy lacks packs that the source cannot deliver.
    private func requireReadable(
        _ packs: [(String, Manifest.PackUse)], of set: Timestamp, from cold: ColdSource,
        unlessIn presence: StoredSizes
    ) async throws {
        guard !packs.isEmpty else { return }
        let ids = Dictionary(grouping: packs) { $0.0 }.mapValues { uses in uses.map { $0.1.pack } }
        let unreadable = try await cold.unreadable(ids, pool: pool) { object in
            presence.has(object, replacingDamaged: replacesDamaged)
        }
        try ArchivedPacks(unreadable, of: set).requireReadable(to: purpose, inCopy: sourceCopy)
    }

    private static func abandoned(_ name: Timestamp) -> RepositoryError {
        RepositoryError(
            .noSuchSet, object: Layout.set(name).text,
            "a prune of the other store took its run for dead, so the set cannot be valid there")
    }

    private var transfer: ObjectTransfer {
        var transfer = ObjectTransfer(
            source: source.store, target: target.store, writing: target.writing, limit: limit, progress: progress)
        if replacesDamaged { transfer.writing.condition = .none }
        return transfer
    }

    /// Returns a set whose run has ended, and its document.
    private func committed(_ name: Timestamp) throws -> (BackupSet, [UInt8]) {
        let set = try source.set(name)
        let outcome = try OutcomeMark.find(set.run, in: Marks(source))
        // Early versions wrote no outcome.
        let isOld = set.finished.seconds.addingClamped(RunMark.life) < now.seconds
        guard outcome == .committed || outcome == nil && isOld else {
            throw RepositoryError(.noSuchSet, object: Layout.set(name).text, "its run has not ended")
        }
        let document = try source.store.readDocument(Layout.set(name))
        guard Digest(of: document) == (try source.document(ofSet: name).digest) else {
            throw RepositoryError.damaged(Layout.set(name).text, "it changes while it is read")
        }
        return (set, document)
    }

    private func send(
        _ use: Manifest.PackUse, of component: String, unlessIn presence: StoredSizes, counting sent: SentCount
    ) throws {
        let index = try source.index(component, use)
        if let size = presence.size(of: index.key), size == index.object.size || !replacesDamaged {
            guard size == index.object.size else {
                throw RepositoryError(
                    .alreadyExists, object: index.key.text,
                    "\(target.store.location) has another object of that name, with \(size) bytes")
            }
        } else {
            try transfer.send(index.key, size: index.object.size, sha256: index.object.sha256)
            presence.note(index.key, size: index.object.size)
            sent.add(index.object.size)
        }
        // After the pack: an index says that the pack is whole.
        let key = Layout.index(component, use.pack)
        let bytes = try send(key, sha256: use.index, limit: DocumentLimits.longestIndex(members: use.members))
        presence.note(key, size: bytes)
        sent.add(bytes)
    }

    /// Sends a document whose SHA-256 another one records.
    /// - Returns: its size in bytes.
    private func send(_ key: ObjectKey, sha256: Digest, limit: Int) throws -> Int {
        let document = try source.store.readDocument(key, limit: limit)
        guard Digest(of: document) == sha256 else {
            source.store.discard(key)
            throw RepositoryError.damaged(key.text, "its SHA-256 does not match the recorded one")
        }
        if replacesDamaged, (try? target.store.readDocument(key, limit: limit)) == document { return document.count }
        try transfer.send(document, as: key)
        return document.count
    }

    // MARK: Marks

    /// Records the sets that copied ones name as their previous sets, and that the copy is not meant to have, and those
    /// that it can never have. Otherwise a verification of the copy would take them for lost.
    private func recordGaps(_ report: Report, wanted: Set<Timestamp>) throws {
        let present = Set(try target.setNames()).union(wanted).union(try PrunedMark.names(in: target) { _ in })
        let gaps = Set(try report.sets.compactMap { try source.set($0).previous }).subtracting(present)
            .union(report.abandoned)
        // A host that may not prune cannot record them.
        guard !gaps.isEmpty, target.signing.refusalToSign(as: PrunedMark.roles, at: now) == nil else { return }
        try Marks(target).put(PrunedMark(at: now, tool: tool, sets: gaps.sorted()))
    }

    /// Copies the marks that are true of a copied set as well. Marks that release or drop a set are copied only where a
    /// trusted signer made them. Otherwise a user who can write to the first store could remove sets from the copy.
    ///
    /// A repair brings them for the sets that it brings only: a set that was dropped from a copy alone, as its objects there
    /// were damaged, may be whole in the store that is repaired. An earlier repair may have been killed before it brought
    /// the marks, so sets that only the copy pins get theirs, too.
    private func copyMarks(afterCopying copied: Set<Timestamp>) throws -> Int {
        let names = Set(try target.setNames())
        let brought = try isRepair ? names.intersection(copied.union(setsPinnedInSourceAlone())) : names
        var count = 0
        try copyMarks(DrilledMark.self, about: \.set, in: brought, counting: &count)
        try copyMarks(RecordedMark.self, about: \.set, in: brought, counting: &count)
        try copyMarks(PinnedMark.self, about: \.set, in: brought, counting: &count)
        if source.signing.isRequired {
            let released = isRepair ? names.intersection(copied) : names
            try copyMarks(UnpinnedMark.self, about: \.set, in: released, counting: &count)
            try copyMarks(DroppedMark.self, about: \.set, in: released, counting: &count)
        }
        var writing = transfer
        writing.writing = PutOptions(.ifAbsent)
        for key in try missing(DocumentKeyMark.kind) {
            try writing.send(try source.store.readDocument(key), as: key)
            count += 1
        }
        return count
    }

    /// The sets that a pin keeps in the source, and for which the other store never had one. A pin that lacks a trusted
    /// signature does not count where sets are signed.
    private func setsPinnedInSourceAlone() throws -> Set<Timestamp> {
        guard try !missing(PinnedMark.kind).isEmpty else { return [] }
        var known: Set<Timestamp> = []
        try Marks(target).forEach(PinnedMark.self, unreadable: { _ in }) { _, mark in known.insert(mark.set) }
        let pinned = try SetMarks(Marks(source)).sets { $0.pinned?.holds(at: now) == true ? $0.pinnedAt : nil }
        return Set(pinned.map { $0.set }).subtracting(known)
    }

    private func copyMarks<M: Mark>(
        _ type: M.Type, about set: (M) -> Timestamp, in names: Set<Timestamp>, counting count: inout Int
    ) throws {
        let wanted = Set(try missing(M.kind))
        guard !wanted.isEmpty else { return }
        var writing = transfer
        writing.writing = PutOptions(.ifAbsent)
        var keys: [ObjectKey] = []
        try Marks(source).forEach(type, unreadable: { _ in }) { object, mark in
            if wanted.contains(object.key), names.contains(set(mark)) { keys.append(object.key) }
        }
        for key in keys {
            try writing.send(try source.store.readDocument(key), as: key)
            count += 1
        }
    }

    /// The marks of a kind that the other store lacks.
    private func missing(_ kind: String) throws -> [ObjectKey] {
        let present = Set(try Marks.list(kind, in: target.store).map(\.key))
        return try Marks.list(kind, in: source.store).map(\.key).filter { !present.contains($0) }
    }
}

/// Counts what several threads send.
private final class SentCount: Sendable {
    private let sum = Mutex(SetCopy.Sent())

    var total: SetCopy.Sent { sum.withLock { $0 } }

    func add(_ bytes: Int) {
        sum.withLock {
            $0.objects += 1
            $0.bytes = $0.bytes.addingClamped(bytes)
        }
    }
}

extension RepositoryError {
    /// True for an error that concerns all sets, such as a newer format.
    var stopsCopy: Bool {
        ![.damaged, .encrypted, .noSuchSet, .alreadyExists, .untrusted, .archived].contains(reason)
    }

    /// The reason in the report, which names the set. Only of archived packs does the hint name a command for this set.
    var reasonNotToCopy: String {
        reason == .archived ? [detail, hint].compactMap { $0 }.joined(separator: "; ") : "\(place.text): \(detail)"
    }
}

extension ObjectStoreError {
    /// Only the source's packs are read: of the other store, a copy reads documents.
    fileprivate var isOfArchivedPack: Bool { reason == .archived && key.flatMap { Layout.packID(of: $0) } != nil }
}
