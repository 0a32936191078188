internal import ObjectStorage
package import Platform
internal import Synchronization

/// Verifies that every object that the sets name exists and is intact: documents by the hashes that name them, packs by
/// presence and size, and on request by every byte.
package struct Verification: Sendable {
    package var repository: Repository
    /// Only this set; nil for all of them.
    package var only: Timestamp?
    /// The share of the packs whose every byte is read: 0 for none, 1 for all.
    package var share: Double = 0
    /// The newest set that this machine has recorded as committed.
    package var lastCommitted: Timestamp?
    package var pool: BlockingPool
    package var progress: WorkProgress
    package var lanes = 2
    /// The domain's checks, by kind of source.
    package var restorers: [String: any ComponentRestorer] = [:]

    package init(repository: Repository, pool: BlockingPool, progress: WorkProgress) {
        self.repository = repository
        self.pool = pool
        self.progress = progress
    }

    /// One damaged or missing object.
    package struct Finding: Codable, Equatable, Sendable {
        package var object: String
        package var reason: String
        /// The sets that cannot be restored whole because of it, oldest first.
        package var sets: [Timestamp]
        /// See ``RepositoryError/isOfOtherSigner``.
        package var isOfOtherSigner = false

        private enum CodingKeys: CodingKey { case object, reason, sets }
    }

    package struct Report: Codable, Equatable, Sendable {
        package var sets = 0, manifests = 0, packs = 0
        /// Packs of which every byte was read, and the bytes.
        package var packsRead = 0, bytesRead = 0
        /// Of those, the packs whose contents were not decoded: encrypted, and no key was given.
        package var packsSealed = 0
        /// Files whose contents were hashed.
        package var filesRead = 0
        package var findings: [Finding] = []
        /// Marks that another user wrote to hide or remove backups. They have no effect.
        package var untrusted: [Finding] = []
        /// The sets that could be read.
        package var setsRead: [Timestamp] = []
        /// Objects that no set needs: harmless.
        package var notes: [String] = []
        package init() {}

        enum CodingKeys: String, CodingKey {
            case sets, manifests, packs, packsRead, bytesRead, packsSealed, filesRead, findings, untrusted, notes
        }
    }

    /// - Throws: the error that prevents the verification. Damage is in the report.
    package func run() async throws -> Report {
        let ledger = VerificationLedger()
        progress.update { $0.phase = "reading sets" }
        let uses = try await pool.run { try readSets(ledger) }
        progress.update {
            $0.phase = "reading indexes"
            $0.totalFiles = uses.count
        }
        let packs = Array(uses.values)
        let sizes = PackSizes()
        try await packs.concurrentForEach(limit: 4) { use in
            try await pool.run { try readIndex(of: use, into: sizes, noting: ledger) }
        }
        progress.update { $0.phase = "listing packs" }
        try await pool.run { try compareListing(of: Set(packs.map(\.component)), with: sizes, noting: ledger) }
        if share > 0 {
            let chosen = sample(packs.filter { sizes[$0.pack] != nil })
            progress.update {
                $0.phase = "reading packs"
                ($0.files, $0.totalFiles) = (0, chosen.count)
                $0.totalBytes = chosen.lazy.map { sizes[$0.pack] ?? 0 }.clampedSum()
            }
            try await repository.forEachPack(of: chosen, lanes: lanes, on: pool) { try readPack($0, ledger) }
        }
        progress.update { $0.phase = "done" }
        return try await pool.run { try withAffectedSets(ledger.report) }
    }

    /// A pack with its uses by manifests.
    fileprivate struct Use: Sendable {
        var component: String
        /// The kind of source.
        var kind: String
        var use: Manifest.PackUse
        /// Members that are entries of at least one of them.
        var live: RangeSet<Int>
        var pack: String { use.pack }
    }

    // MARK: Sets and manifests

    private func readSets(_ ledger: VerificationLedger) throws -> [String: Use] {
        var names = try repository.setNames(including: lastCommitted)
        if let only, !names.contains(only) {
            throw RepositoryError(
                .noSuchSet, object: Layout.set(only).text, "there is no such set", hint: "`dr list` lists the sets"
            )
        }
        let void = try VoidRuns(listing: repository)
        var defects: [RepositoryError] = []
        let pruned = try PrunedMark.names(in: repository, unreadable: { defects.append($0) })
        let notes = RepositoryError.warnings(aboutMarks: defects.filter { $0.reason != .untrusted })
        let untrusted = try UntrustedMarks(in: repository).errors
        ledger.update {
            $0.notes += notes
            $0.untrusted = untrusted.map { Finding(object: $0.object, reason: $0.detail, sets: []) }
        }
        if only == nil, let lastCommitted, !names.contains(lastCommitted), !pruned.contains(lastCommitted) {
            ledger.add(Layout.set(lastCommitted), "it is missing, and was committed from this machine")
        }
        var uses: [String: Use] = [:]
        var seen: Set<ObjectKey> = []
        var queue = (only.map { [$0] } ?? names)[...]
        while let name = queue.popFirst() {
            try Task.checkCancellation()
            guard let set = try read(name, void: void, noting: ledger) else { continue }
            try checkPredecessor(of: set, among: names, ledger)
            ledger.update {
                $0.sets += 1
                $0.setsRead.append(name)
            }
            if only == nil, let previous = set.previous, !names.contains(previous), !pruned.contains(previous) {
                // A listing may lack a set that exists.
                if try repository.store.head(Layout.set(previous)) != nil {
                    names.append(previous)
                    queue.append(previous)
                } else {
                    ledger.add(Layout.set(previous), "it is missing: set \(name) names it as its previous set")
                }
            }
            for (component, part) in set.components {
                let key = Layout.manifest(component, part.manifest)
                guard seen.insert(key).inserted else { continue }
                let manifest = try ledger.recording(key) {
                    try repository.manifest(component, part.manifest, sha256: part.sha256)
                }
                guard let manifest else { continue }
                ledger.update { $0.manifests += 1 }
                collect(manifest, into: &uses, ledger)
            }
        }
        if only == nil {
            try noteOrphans(seen, ledger)
            let components = Set(seen.compactMap { $0.text.split(separator: "/").first.map(String.init) })
            let missing = try MissingSets(
                in: repository, state: nil, components: components, now: Timestamp(seconds: .max))
            for manifest in missing.manifests {
                ledger.add(ObjectKey(trusted: manifest), "its run committed a set that is gone")  // checked: from a key
            }
            ledger.update { $0.notes += missing.hints }
        }
        return uses
    }

    /// A set proves the document of the set before it: an exchanged one is found, even if it is valid by itself.
    private func checkPredecessor(of set: BackupSet, among names: [Timestamp], _ ledger: VerificationLedger) throws {
        guard only == nil, let previous = set.previous, names.contains(previous), let digest = set.previousDigest
        else { return }
        let found = try ledger.recording(Layout.set(previous)) { try repository.document(ofSet: previous) }
        guard let found else { return }
        if found.digest != digest {
            ledger.add(
                Layout.set(previous), "it was exchanged: set \(set.name) was made after another set of that name")
        } else if let number = set.number, let before = found.set.number, number != before.addingClamped(1) {
            ledger.add(Layout.set(set.name), "its number is \(number), and that of the set before it is \(before)")
        }
    }

    private func read(_ name: Timestamp, void: VoidRuns, noting ledger: VerificationLedger) throws -> BackupSet? {
        try ledger.recording(Layout.set(name)) {
            do {
                return try repository.set(name, void: void)
            } catch let error as RepositoryError where error.reason == .noSuchSet && only == nil {
                // It was listed before: a prune has removed it since then, or abandoned its run.
                ledger.update { $0.notes.append("\(error.object): \(error.detail)") }
                return nil
            }
        } ?? nil
    }

    private func collect(_ manifest: Manifest, into uses: inout [String: Use], _ ledger: VerificationLedger) {
        for use in manifest.packs {
            guard var known = uses[use.pack] else {
                uses[use.pack] = Use(
                    component: manifest.component, kind: manifest.source, use: use, live: use.liveMembers)
                continue
            }
            known.live.formUnion(use.liveMembers)
            uses[use.pack] = known
            if known.use.index != use.index || known.use.members != use.members {
                ledger.add(Layout.index(manifest.component, use.pack), "two manifests record different hashes of it")
            }
        }
        let named = Dictionary(manifest.packs.map { ($0.pack, $0) }, uniquingKeysWith: { first, _ in first })
        if named.count != manifest.packs.count {
            ledger.add(Layout.manifest(manifest.component, manifest.name), "it names a pack twice")
        }
    }

    /// Notes manifests that no set names: of a run that was killed before it wrote its set, or of a set that a user
    /// removed.
    private func noteOrphans(_ named: Set<ObjectKey>, _ ledger: VerificationLedger) throws {
        let components = Set(named.compactMap { $0.text.split(separator: "/").first.map(String.init) })
        for component in components.sorted() {
            var shards = 0
            try repository.store.list(prefix: Layout.manifestPrefix(component), after: nil) { object in
                if Layout.name(of: object.key, suffix: ".json").flatMap(Timestamp.init).map(Shard.isManifestName)
                    == true
                {
                    shards += 1
                } else if !named.contains(object.key) {
                    ledger.update {
                        $0.notes.append(
                            "'\(object.key)' does not belong to a readable set: its run did not finish, or the set's "
                                + "document is damaged or gone")
                    }
                }
                return .proceed
            }
            if shards > 0 {
                ledger.update { [shards] in
                    $0.notes.append("\(component): \(Units.count(shards, "manifest")) of parts remain until a prune")
                }
            }
        }
    }

    // MARK: Packs

    private func readIndex(of use: Use, into sizes: PackSizes, noting ledger: VerificationLedger) throws {
        progress.update { $0.files += 1 }
        let key = Layout.index(use.component, use.pack)
        guard let index = try ledger.recording(key, { try repository.index(use.component, use.use) }) else { return }
        ledger.update { $0.packs += 1 }
        guard index.members.count == use.use.members else {
            return ledger.add(key, "it has \(index.members.count) members, but a manifest records \(use.use.members)")
        }
        for number in use.live.ranges.joined() {
            guard number < index.members.count, let record = index.members[number].record,
                RestorePath.isSafe(record.path)
            else { return ledger.add(key, "member \(number) is missing or has an invalid description") }
        }
        _ = try ledger.recording(key) { try PackReader(index, in: repository) }
        sizes.set(use.pack, key: index.key, size: index.object.size)
    }

    private func compareListing(of components: Set<String>, with sizes: PackSizes, noting ledger: VerificationLedger)
        throws
    {
        var missing = sizes.all
        var orphans = 0
        for component in components.sorted() {
            try repository.store.list(prefix: Layout.packPrefix(component), after: nil) { object in
                try Task.checkCancellation()
                if let pack = Layout.packID(of: object.key) {
                    if let size = missing.removeValue(forKey: pack)?.size {
                        if size != object.size {
                            ledger.add(object.key, "it has \(object.size) bytes, but its index records \(size)")
                            sizes.set(pack, key: object.key, size: nil)
                        }
                    } else if only == nil {
                        orphans += 1
                    }
                }
                return .proceed
            }
        }
        if orphans > 0 {
            ledger.update {
                let verb = orphans == 1 ? "does" : "do"
                $0.notes.append(
                    "\(Units.count(orphans, "pack")) \(verb) not belong to a readable set: "
                        + (orphans == 1 ? "its run" : "their runs") + " did not finish")
            }
        }
        // A listing may lag behind: missing objects are requested by name before they count as missing.
        for (pack, entry) in missing {
            let key = entry.key
            guard let info = try repository.store.head(key) else {
                ledger.add(key, "it is missing")
                sizes.set(pack, key: key, size: nil)
                continue
            }
            if info.size != entry.size {
                ledger.add(key, "it has \(info.size) bytes, but its index records \(entry.size)")
            }
        }
    }

    private func sample(_ packs: [Use]) -> [Use] {
        guard share < 1 else { return packs }
        let count = max(1, Int(clamping: (Double(packs.count) * share).rounded(.up)))
        return Array(packs.shuffled().prefix(count))
    }

    /// Reads every byte of a pack.
    private func readPack(_ use: Use, _ ledger: VerificationLedger) throws {
        let proof = PackProof(repository: repository, progress: progress, restorers: restorers)
        let (outcome, key) = try proof.prove(use.use, of: use.component, kind: use.kind)
        if let reason = outcome.reason { ledger.add(key, reason) }
        ledger.update {
            $0.packsRead += 1
            $0.bytesRead += outcome.bytesRead
            $0.filesRead += outcome.filesRead
            $0.packsSealed += outcome.isSealed ? 1 : 0
        }
        progress.update { $0.files += 1 }
    }

    // MARK: Conclusions

    /// Reads the manifests once more, only if there is damage, to find the affected sets.
    private func withAffectedSets(_ report: Report) throws -> Report {
        guard !report.findings.isEmpty else { return report }
        var report = report
        var users: [String: Set<Timestamp>] = [:]
        let damaged = Set(report.findings.map(\.object))
        for name in try repository.setNames() {
            guard let set = try? repository.set(name) else {
                users[Layout.set(name).text, default: []].insert(name)
                continue
            }
            for (component, part) in set.components {
                let key = Layout.manifest(component, part.manifest).text
                guard !damaged.contains(key),
                    let manifest = try? repository.manifest(component, part.manifest, sha256: part.sha256)
                else {
                    users[key, default: []].insert(name)
                    continue
                }
                for use in manifest.packs {
                    let keys = [
                        Layout.pack(component, use.pack), Layout.pack(component, use.pack, isEncrypted: true),
                        Layout.index(component, use.pack),
                    ].map(\.text)
                    for key in keys where damaged.contains(key) {
                        users[key, default: []].insert(name)
                    }
                }
            }
        }
        for number in report.findings.indices {
            report.findings[number].sets = users[report.findings[number].object, default: []].sorted()
        }
        report.findings.sort { $0.object < $1.object }
        return report
    }
}

/// The findings so far, from all lanes.
private final class VerificationLedger: Sendable {
    private let mutex = Mutex(Verification.Report())

    var report: Verification.Report { mutex.withLock { $0 } }

    func update(_ change: (inout sending Verification.Report) -> Void) { mutex.withLock { change(&$0) } }

    func add(_ key: ObjectKey, _ reason: String, isOfOtherSigner: Bool = false) {
        mutex.withLock { report in
            guard !report.findings.contains(where: { $0.object == key.text }) else { return }
            report.findings.append(
                .init(object: key.text, reason: reason, sets: [], isOfOtherSigner: isOfOtherSigner))
        }
    }

    /// Records damage and absence as a finding; any other error stops the verification.
    func recording<Value>(_ key: ObjectKey, _ body: () throws -> Value) throws -> Value? {
        do {
            return try body()
        } catch let error as RepositoryError where [.damaged, .noSuchSet, .newerVersion].contains(error.reason) {
            add(key, error.detail, isOfOtherSigner: error.isOfOtherSigner)
            return nil
        }
    }
}

/// The sizes of the packs whose indexes could be read.
private final class PackSizes: Sendable {
    private let mutex = Mutex([String: (key: ObjectKey, size: Int)]())

    var all: [String: (key: ObjectKey, size: Int)] { mutex.withLock { $0 } }

    subscript(pack: String) -> Int? { mutex.withLock { $0[pack]?.size } }

    func set(_ pack: String, key: ObjectKey, size: Int?) {
        mutex.withLock { $0[pack] = size.map { (key, $0) } }
    }
}
