internal import Cryptography
internal import ObjectStorage
package import Platform
internal import Synchronization

/// Puts back the missing and damaged objects of a store's sets from other stores of the same repository: `dr repair`.
///
/// Each set is walked from its document down to its packs. An object of another store is used only if its SHA-256 is the
/// recorded one, or if it is a set's document that passes all checks of a reader; so the other stores may be damaged as
/// well. A set's document is written after everything that it names. Nothing is removed, and what is good stays.
///
/// Memory: the names of the packs of all sets, and one manifest.
package struct StoreRepair: Sendable {
    /// The repository to repair, which must show what its store has each time.
    private let target: Repository
    /// The repositories to take objects from, the nearest first.
    private let sources: [Repository]
    package var now: Timestamp
    package var pool: BlockingPool
    package var progress: WorkProgress
    package var limit: RateLimit?
    /// Reads every byte of the packs; else a pack is good if its size is right.
    package var readsData = false
    package var isDryRun = false
    /// The notes of this machine, which prove its last set and so those before it; nil for none.
    package var state: StateFolder?
    /// By location: the names of the stores that are copies, for the advice.
    package var copyNames: [String: String] = [:]
    /// The number of packs that are read or sent at the same time.
    package var lanes = 4

    package init(
        _ target: Repository, from sources: [Repository], now: Timestamp, pool: BlockingPool, progress: WorkProgress
    ) {
        self.target = target.unremembered
        self.sources = sources.map(\.unremembered)
        self.now = now
        self.pool = pool
        self.progress = progress
    }

    /// An object that was missing or damaged.
    package struct Defect: Codable, Equatable, Sendable {
        package var object: String
        package var reason: String
        /// The location of the store that has it; nil if none has.
        package var source: String?
    }

    package struct Report: Codable, Equatable, Sendable {
        package var sets = 0
        /// In a dry run, the objects that would be put back.
        package var repaired: [Defect] = []
        /// Bytes that were put back.
        package var bytes = 0
        /// Objects that no store has whole, or that could not be written.
        package var lost: [Defect] = []
        /// Objects of which a store that may have them whole could not be asked, as while it has them archived.
        package var unread: [Defect] = []
    }

    /// - Throws: errors of the repaired store; `CancellationError`. What another store lacks is in the report.
    package func run() async throws -> Report {
        progress.begin("listing")
        let run = RepairRun()
        if let last = state?.lastSet(), let digest = state?.digest(ofLastSet: last).flatMap(Digest.init(hex:)) {
            run.note(.init(digest: digest, isProved: true), of: last)
        }
        let guarding = isDryRun ? nil : try await pool.run { try RunGuard(target, run: RandomID.make(), now: now) }
        do {
            let names = try await pool.run { try target.setNames() }
            let sizes = StoredSizes()
            for (number, name) in names.reversed().enumerated() {
                progress.update { $0.phase = "set \(number + 1) of \(names.count)" }
                try await repair(name, sizes: sizes, under: guarding, run: run)
            }
        } catch {
            try? await pool.run { try guarding?.end() }
            throw error
        }
        try await pool.run { try guarding?.end() }
        progress.update { $0.phase = "done" }
        return run.report
    }

    // MARK: Sets and manifests

    private func repair(
        _ name: Timestamp, sizes: StoredSizes, under guarding: RunGuard?, run: RepairRun
    ) async throws {
        guard let found = try await pool.run({ try findSet(name, run) }) else { return }
        run.count { $0.sets += 1 }
        if let previous = found.set.previous, let digest = found.set.previousDigest {
            run.note(.init(digest: digest, isProved: found.isProved), of: previous)
        }
        var packs: [(component: String, use: Manifest.PackUse)] = []
        var manifests: [Manifest] = []
        for (component, part) in found.set.components.sorted(by: { $0.key < $1.key }) {
            let manifest = try await pool.run {
                try sizes.list(component, in: target.store)
                return try repairManifest(component, part, run: run)
            }
            guard let manifest else { continue }
            manifests.append(manifest)
            packs += manifest.packs.filter { run.isNew($0, of: component) }.map { (component, $0) }
        }
        progress.update { ($0.files, $0.totalFiles) = (0, packs.count) }
        let writer = target.store.memoryOfTransfer
        try await target.forEachPack(of: packs, lanes: lanes, on: pool, writer: writer) { component, use in
            try repairPack(use, of: component, in: name, sizes: sizes, run: run)
            progress.update { $0.files += 1 }
        }
        try await pool.run { [manifests] in try write(found, needing: manifests, under: guarding, run) }
    }

    /// A set, with its document if the target has not got it whole.
    private struct FoundSet: Sendable {
        var set: BackupSet
        /// True if a signature, or a proved set, proves the document.
        var isProved: Bool
        var missing: (document: [UInt8], signature: [UInt8]?, defect: Defect)?
    }

    /// - Returns: nil if no store has the set, or if a prune removed it meanwhile.
    private func findSet(_ name: Timestamp, _ run: RepairRun) throws -> FoundSet? {
        let key = Layout.set(name)
        var hindrances: [String] = []
        let recorded = run.record(of: name)
        let proved = recorded?.isProved == true ? recorded?.digest : nil
        do {
            let found = try target.document(ofSet: name)
            guard let recorded, recorded.digest != found.digest else {
                return FoundSet(set: found.set, isProved: proved != nil || target.signing.isRequired)
            }
            // The part of another recipient may be damaged: this machine opens the document without it.
            let defect = Defect(object: key.text, reason: "its SHA-256 is not the one that the next set records")
            if proved == nil {
                // The next set may be that of a user who can write to a store, and wants to replace this one.
                hindrances.append("the sets are not signed, so nothing proves which of the two is right")
            } else if let whole = replacement(for: name, healing: defect, recorded: proved, &hindrances) {
                return whole
            }
            run.lose(defect, unlessHindered: hindrances)
            return FoundSet(set: found.set, isProved: false)
        } catch let error as RepositoryError where error.reason == .noSuchSet { return nil } catch let error
            as RepositoryError where Self.meansDefect(error) || [.encrypted, .newerVersion].contains(error.reason)
        {
            let defect = Defect(object: key.text, reason: error.detail)
            if let whole = replacement(for: name, healing: defect, recorded: proved, &hindrances) { return whole }
            // Without any document key, no set of the store can be opened.
            if error.reason == .encrypted, target.encryption.documentKeys.isEmpty { throw error }
            run.lose(defect, unlessHindered: hindrances)
            return nil
        }
    }

    /// Finds the document of a set in the other stores.
    /// - Parameter recorded: the SHA-256 that it must have; nil if none is proved.
    private func replacement(
        for name: Timestamp, healing defect: Defect, recorded: Digest?, _ hindrances: inout [String]
    ) -> FoundSet? {
        var defect = defect
        let key = Layout.set(name)
        for source in sources {
            let found: (set: BackupSet, digest: Digest)
            let document: [UInt8]
            do {
                found = try source.document(ofSet: name)
                document = try source.store.readDocument(key)
            } catch {
                if let finding = hindrance(error, at: source) { hindrances.append(finding) }
                continue
            }
            guard Digest(of: document) == found.digest, found.digest == recorded ?? found.digest else { continue }
            let place = Layout.signature(of: found.set)
            let signature = try? source.store.readDocument(place, limit: DocumentLimits.longestSignature)
            defect.source = source.store.location
            return FoundSet(
                set: found.set, isProved: recorded != nil || target.signing.isRequired,
                missing: (document, signature, defect))
        }
        return nil
    }

    private func repairManifest(
        _ component: String, _ part: BackupSet.Component, run: RepairRun
    ) throws -> Manifest? {
        let key = Layout.manifest(component, part.manifest)
        do { return try target.manifest(component, part.manifest, sha256: part.sha256) } catch let error
            as RepositoryError where Self.meansDefect(error)
        {
            let isPut = try put(
                key, sha256: part.sha256, limit: DocumentLimits.longestManifest,
                healing: Defect(object: key.text, reason: error.detail), run)
            // A dry run has not written the manifest, so it reads that of the other store.
            guard isPut else { return nil }
            for repository in [target] + sources {
                if let found = try? repository.manifest(component, part.manifest, sha256: part.sha256) { return found }
            }
            return nil
        }
    }

    /// Writes the document and the signature of a set that the target had not whole.
    private func write(
        _ found: FoundSet, needing manifests: [Manifest], under guarding: RunGuard?, _ run: RepairRun
    ) throws {
        guard var missing = found.missing else { return }
        guard let guarding else { return run.repair(missing.defect, bytes: 0) }
        // After the manifests: either this run sees the prune, or the prune sees the manifests.
        let doomed = try manifests.reduce(0) { try $0 + guarding.doomed(of: $1).count }
        guard doomed == 0, manifests.count == found.set.components.count else {
            missing.defect.reason +=
                doomed > 0
                ? "; a prune removes \(Units.count(doomed, "pack")) that it needs, so run the command again later"
                : "; it is not put back, because a manifest that it names is lost or could not be read"
            missing.defect.source = nil
            return run.lose(missing.defect)
        }
        var options = writing
        if let signature = missing.signature {
            _ = try target.store.put(Layout.signature(of: found.set), signature, options: options)
        }
        options.condition = .none
        _ = try target.store.put(Layout.set(found.set.name), missing.document, options: options)
        run.repair(missing.defect, bytes: missing.document.count)
    }

    // MARK: Packs

    private func repairPack(
        _ use: Manifest.PackUse, of component: String, in set: Timestamp, sizes: StoredSizes, run: RepairRun
    ) throws {
        let key = Layout.index(component, use.pack)
        var index: PackIndex?
        do { index = try target.index(component, use) } catch let error as RepositoryError
            where Self.meansDefect(error)
        {
            let limit = DocumentLimits.longestIndex(members: use.members)
            guard
                try put(
                    key, sha256: use.index, limit: limit, healing: Defect(object: key.text, reason: error.detail), run)
            else { return }
            for repository in [target] + sources where index == nil {
                index = try? repository.index(component, use)
            }
        }
        guard let index else { return }
        let reason: String?
        do { reason = try defect(of: index, sizes) } catch let error as ObjectStoreError
            where error.reason == .archived
        {
            let defect = Defect(object: index.key.text, reason: "its bytes were not checked")
            return run.lose(defect, unlessHindered: [archived(at: target, in: set)])
        }
        guard let reason else { return }
        try send(index, of: set, healing: Defect(object: index.key.text, reason: reason), run)
    }

    /// Returns what is wrong with a pack in the target; nil if nothing is.
    private func defect(of index: PackIndex, _ sizes: StoredSizes) throws -> String? {
        // A listing may lag behind a write.
        guard let size = try sizes.size(of: index.key) ?? target.store.head(index.key)?.size else {
            return "it is missing"
        }
        guard size == index.object.size else {
            return "it has \(size) bytes, but its index records \(index.object.size)"
        }
        guard readsData else { return nil }
        for attempt in 1... {
            let hash = StreamHash()
            do {
                try target.store.get(index.key, range: nil) { piece in
                    try Task.checkCancellation()
                    hash.update(piece)
                    progress.update { $0.bytes += piece.byteCount }
                }
                if hash.digest() == index.object.sha256 { return nil }
            } catch let error as ObjectStoreError where [.truncated, .notFound].contains(error.reason) {}
            if attempt == Retries.ofDamagedReads { break }
        }
        return "its SHA-256 does not match the recorded one"
    }

    private func send(_ index: PackIndex, of set: Timestamp, healing defect: Defect, _ run: RepairRun) throws {
        var defect = defect
        var hindrances: [String] = []
        for source in sources {
            do {
                if isDryRun {
                    guard let info = try source.store.head(index.key), info.size == index.object.size else { continue }
                    guard try canRead(info, at: source) else {
                        hindrances.append(archived(at: source, in: set))
                        continue
                    }
                } else {
                    try transfer(from: source).send(
                        index.key, size: index.object.size, sha256: index.object.sha256)
                }
                defect.source = source.store.location
                return run.repair(defect, bytes: isDryRun ? 0 : index.object.size)
            } catch let error as RepositoryError where error.reason == .damaged {
                continue
            } catch let error as ObjectStoreError where error.store == source.store.location {
                let isArchived = error.reason == .archived
                let finding: String? = isArchived ? archived(at: source, in: set) : hindrance(error, at: source)
                if let finding { hindrances.append(finding) }
            }
        }
        run.lose(defect, unlessHindered: hindrances)
    }

    /// Returns false if the store has the object in an archive class, and it is not thawed.
    private func canRead(_ object: ObjectInfo, at source: Repository) throws -> Bool {
        guard object.storageClass?.isArchive == true, let tiering = source.store.tiering else {
            return true
        }
        return try tiering.placement(of: object.key)?.isReadable ?? true
    }

    // MARK: Hindrances

    /// The finding that a store has a pack of the set archived, with the remedy.
    private func archived(at place: Repository, in set: Timestamp) -> String {
        let location = place.store.location
        let command = ArchivedPacks.command(for: set, inCopy: copyNames[location])
        return "\(location) has it archived: run `\(command) --wait`, then `dr repair` again"
    }

    /// Why another store could not be asked for an object: it is away, or has it archived. Nil if it answered.
    private func hindrance(_ error: any Error, at source: Repository) -> String? {
        guard let error = error as? ObjectStoreError,
            ![.notFound, .truncated, .invalidRange, .tooLarge].contains(error.reason)
        else { return nil }
        return "\(source.store.location) could not be asked: \(error.detail)"
    }

    // MARK: Documents

    /// Puts back a document whose SHA-256 is recorded.
    /// - Returns: false if no store has it.
    private func put(
        _ key: ObjectKey, sha256: Digest, limit: Int, healing defect: Defect, _ run: RepairRun
    ) throws -> Bool {
        var defect = defect
        var hindrances: [String] = []
        for source in sources {
            for _ in 0..<Retries.ofDamagedReads {
                let document: [UInt8]
                do { document = try source.store.readDocument(key, limit: limit) } catch {
                    if let finding = hindrance(error, at: source) { hindrances.append(finding) }
                    break
                }
                guard Digest(of: document) == sha256 else {
                    source.store.discard(key)
                    continue
                }
                defect.source = source.store.location
                if !isDryRun { try transfer(from: source).send(document, as: key) }
                run.repair(defect, bytes: isDryRun ? 0 : document.count)
                return true
            }
        }
        run.lose(defect, unlessHindered: hindrances)
        return false
    }

    private func transfer(from source: Repository) -> ObjectTransfer {
        var transfer = ObjectTransfer(
            source: source.store, target: target.store, writing: writing, limit: limit, progress: progress)
        transfer.writing.condition = .none
        return transfer
    }

    private var writing: PutOptions {
        PutOptions(.none, lock: target.lock?.ahead(of: now.seconds) ?? target.writing.lock)
    }

    /// True if another store may have what is missing. A document of a newer format, or one that needs a key, is not
    /// damaged.
    private static func meansDefect(_ error: RepositoryError) -> Bool { error.reason == .damaged }
}

/// The findings of all lanes, and the packs that were looked at.
private final class RepairRun: Sendable {
    private struct State {
        var report = StoreRepair.Report()
        var packs: Set<String> = []
        var keys: Set<String> = []
        var records: [Timestamp: Record] = [:]
    }

    /// The SHA-256 of a set's document, as the set after it records it.
    struct Record: Sendable {
        var digest: Digest
        /// False if a user who can write to a store may have made the set that records it.
        var isProved: Bool
    }

    private let state = Mutex(State())

    var report: StoreRepair.Report {
        var report = state.withLock { $0.report }
        report.repaired.sort { $0.object < $1.object }
        report.lost.sort { $0.object < $1.object }
        report.unread.sort { $0.object < $1.object }
        return report
    }

    func record(of set: Timestamp) -> Record? { state.withLock { $0.records[set] } }

    /// A proved record stays.
    func note(_ record: Record, of set: Timestamp) {
        state.withLock { state in
            if state.records[set]?.isProved != true { state.records[set] = record }
        }
    }

    func count(_ change: (inout sending StoreRepair.Report) -> Void) { state.withLock { change(&$0.report) } }

    /// Returns true for the first use of a pack.
    func isNew(_ use: Manifest.PackUse, of component: String) -> Bool {
        // Two sets that name the same pack must not hide each other's index.
        state.withLock { $0.packs.insert("\(component)/\(use.pack)/\(use.index)").inserted }
    }

    func repair(_ defect: StoreRepair.Defect, bytes: Int) {
        state.withLock { state in
            guard state.keys.insert(defect.object).inserted else { return }
            state.report.repaired.append(defect)
            state.report.bytes = state.report.bytes.addingClamped(bytes)
        }
    }

    /// - Parameter hindrances: why stores could not be asked for the object; with one, it does not count as lost.
    func lose(_ defect: StoreRepair.Defect, unlessHindered hindrances: [String] = []) {
        state.withLock { state in
            guard state.keys.insert(defect.object).inserted else { return }
            guard !hindrances.isEmpty else { return state.report.lost.append(defect) }
            var defect = defect
            defect.reason = ([defect.reason] + hindrances).joined(separator: "; ")
            state.report.unread.append(defect)
        }
    }
}
