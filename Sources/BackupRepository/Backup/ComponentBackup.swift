internal import Archiving
internal import Cryptography
internal import Glibc
internal import Logging
internal import ObjectStorage
internal import Platform
internal import Synchronization

/// Stores one captured component: compares the tree with the catalog, packs the fresh entries, writes the manifest.
struct ComponentBackup: Sendable {
    let repository: Repository
    let component: String
    let kind: String
    let capture: any Capture
    let captured: Timestamp
    /// The end of the capture: no datum in it is newer.
    let capturedUntil: Timestamp
    let run: String
    /// The manifest of the previous backup, if there is one.
    let previous: Manifest?
    /// The catalog of exactly that manifest; empty if there is none.
    let catalog: Catalog
    /// Packs not to build upon: their content is stored again.
    let unwanted: Set<String>
    let pool: BlockingPool
    /// The number of packs written at the same time, one for each core.
    let lanes: Int
    let progress: WorkProgress
    let logger: Logger
    /// The packs that all components write at the same time; nil for the lanes of this one.
    var slots: SharedBudget?
    var memory = SharedBudget.memory
    /// The packs written at the same time of a tree that is not on this machine; nil for as many as the tree asks for.
    var objectLanes: Int?
    var disk: RateLimit?
    /// Folders that are excluded wherever they are.
    var ownFolders = OwnFolders()
    /// The share of the files to store; nil for the whole tree.
    var shard: Shard?
    /// The files that shards have stored, which ``catalog`` has too; nil without shards.
    var sharded: ShardMerge.Result?

    struct Result: Sendable {
        var manifest: Manifest
        var digest: Digest
        var added: BackupSet.Added
        var warnings: [String]
        /// Folders of the program itself that were skipped.
        var notes: [String]
    }

    func run() async throws -> Result {
        let findings = Findings()
        findings.add(damage: capture.damage)
        let (root, isForgotten, changes) = try await pool.run {
            let root = capture.directoryOfData.flatMap { RootAttributes(of: $0) }
            return (root, try catalog.forget(packs: unwanted.sorted()), try scan(findings))
        }
        progress.update {
            $0.phase = "storing"
            // The walk has counted what it passed.
            ($0.files, $0.bytes) = (0, 0)
            $0.totalFiles = changes.fresh
            $0.totalBytes = changes.freshBytes
        }
        // A tree that is gone as a whole needs no examination; a tree that lost a part does.
        let tree = try CapturedTree(capture.root, layers: capture.layers)
        let changed = changes.tops.union(sharded?.tops ?? []).filter { capture.objects != nil || tree.hasTop($0) }
            .map { String(decoding: $0, as: UTF8.self) }
        // Only the whole component can be examined.
        if shard == nil { findings.add(damage: try await capture.examine(changed.sorted())) }

        let stored = Stored()
        let skipped = findings.state.damage.map { Array($0.path.utf8) }
        let bytes = PackWriter.memory + repository.store.memoryOfTransfer
        let lanes = capture.objects.map { objectLanes ?? max(self.lanes, $0.lanes) } ?? self.lanes
        var packs = repository.description.pack
        if capture.objects != nil {
            // A lane reads its objects one after another: so many that each lane has some, however small they are.
            packs.maximumMembers = min(packs.maximumMembers, max(Self.leastObjects, changes.fresh / lanes + 1))
        }
        let batches = Batches(catalog, packs, skipping: skipped)
        // The objects of a bucket wait for the network, not for this machine.
        let slots = (capture.objects == nil ? slots : nil) ?? SharedBudget(lanes)
        try await (0..<lanes).concurrentForEach(limit: lanes) { _ in
            var isOver = false
            while !isOver {
                // A slot comes before memory, always: no lane waits for a slot of one that waits for its memory.
                let wait = progress.beginWait()
                isOver = try await slots.with(1) {
                    try await memory.with(bytes) {
                        wait.end()
                        return try await pool.run {
                            guard let batch = try batches.next() else { return true }
                            try store(batch, in: stored, noting: findings)
                            return false
                        }
                    }
                }
            }
        }
        let lost = capture.objects?.incomplete() ?? []
        findings.add(damage: lost)
        return try await pool.run {
            try catalog.removeGone()
            for path in skipped + lost.map({ Array($0.path.utf8) }) { try catalog.removeTree(path) }
            let isUnchanged =
                changes.fresh == 0 && changes.gone == 0 && skipped.isEmpty && lost.isEmpty && !isForgotten
                && sharded == nil
            return try writeManifest(of: stored, root: root, isUnchanged: isUnchanged, noting: findings)
        }
    }

    /// Fewer objects in a pack would cost more requests than they save time.
    private static let leastObjects = 64

    // MARK: Scanning

    private func scan(_ findings: Findings) throws -> TreeChanges {
        progress.update { $0.phase = "scanning" }
        return try readingAhead(of: FileRecord.self) { [self] visit in
            try walk(visit, findings)
        } use: { next in
            // The directories of a snapshot are created for it: their times carry no information about their content.
            try catalog.compare(ignoringDirectoryTimes: capture.isFrozen) { visit in
                while let record = try next() { try visit(record) }
            }
        }
    }

    private func walk(_ visit: (FileRecord) throws -> Void, _ findings: Findings) throws {
        let visit = { (record: FileRecord) in
            // A long walk is no stall.
            progress.update { $0.files += 1 }
            if let shard, record.kind != .file || !shard.contains(record.path) { return }
            try visit(record)
        }
        if let objects = capture.objects { return try objects.walk(visit) }
        let walker = TreeWalker(
            tree: try CapturedTree(capture.root, layers: capture.layers), isExcluded: { capture.isExcluded($0) },
            ownFolders: ownFolders)
        try walker.walk(visit) { oddity in
            let name = String(decoding: oddity.path, as: UTF8.self)
            if oddity.isOwn {
                findings.add(note: "\(component): skipped '\(name.printable)': \(oddity.reason)")
            } else if oddity.isLoss || capture.isFrozen {
                findings.add(damage: [Damage(path: name, reason: oddity.reason)])
            } else {
                findings.add(warning: "\(component): skipped '\(name.printable)': \(oddity.reason)")
            }
        }
    }

    // MARK: Storing

    private func store(_ batch: [Catalog.Fresh], in stored: Stored, noting findings: Findings) throws {
        let tree = try CapturedTree(capture.root, layers: capture.layers)
        let writer = try PackWriter(component: component, repository: repository)
        writer.disk = disk
        do {
            var entries: [CatalogEntry] = []
            let pack = try catalog.number(ofPack: writer.id)
            var contentBytes = 0
            for fresh in batch {
                let outcome = try add(fresh, to: writer, from: tree)
                guard case .stored(let record, let member, let digest, let reference) = outcome else {
                    findings.add(outcome, fresh.record, isFrozen: capture.isFrozen, component: component)
                    try catalog.removeTree(fresh.record.path)
                    continue
                }
                let described = Location(pack: pack, member: member)
                let content = try reference.map {
                    Location(pack: try catalog.number(ofPack: $0.pack), member: $0.member)
                }
                entries.append(
                    CatalogEntry(
                        record: record, digest: digest?.bytes, described: described, content: content ?? described))
                if record.kind == .file, reference == nil { contentBytes += record.size }
                progress.update { $0.files += 1 }
            }
            guard !entries.isEmpty else { return writer.cancel() }
            let finished = try writer.finish()
            try catalog.insert(entries)
            stored.add(finished, files: entries.count { $0.record.kind == .file }, bytes: contentBytes)
            progress.update { $0.transferred += finished.stored }
        } catch {
            writer.cancel()
            throw error
        }
    }

    private func add(_ fresh: Catalog.Fresh, to writer: PackWriter, from tree: CapturedTree) throws
        -> PackWriter.Outcome
    {
        let record = fresh.record
        guard record.kind == .file else { return try writer.addDescription(record) }
        if let known = fresh.known, let digest = known.digest {
            let pack = try catalog.pack(number: known.content.pack) ?? ""
            return try writer.addDescription(
                record, from: .init(pack: pack, member: known.content.member), digest: Digest(bytes: digest))
        }
        if let objects = capture.objects { return try add(record, to: writer, from: objects) }
        var outcome = PackWriter.Outcome.vanished
        for attempt in 1...Self.attemptsAtChangingFiles {
            outcome = try writer.addFile(
                record, from: tree, inspector: { capture.inspector(of: record.name) }, lookup: lookup,
                progress: progress)
            switch outcome {
            case .torn: continue
            case .rejected(_, let modified) where isFresh(modified) && attempt < Self.attemptsAtChangingFiles:
                // The writer needs a moment to finish.
                try sleepUnlessCancelled(.milliseconds(200))
            default: return outcome
            }
        }
        return outcome
    }

    /// Adds a file that is not on this machine, and tells its tree if it could not be added.
    private func add(_ record: FileRecord, to writer: PackWriter, from objects: any ObjectTree) throws
        -> PackWriter.Outcome
    {
        let outcome = try addCurrent(record, to: writer, from: objects)
        switch outcome {
        case .stored: break
        case .vanished: objects.noteMissing(record.path, because: "it vanished")
        case .unreadable(let reason), .torn(let reason), .rejected(let reason, _):
            objects.noteMissing(record.path, because: reason)
        }
        return outcome
    }

    /// Looks again at a file that changed or vanished.
    private func addCurrent(_ record: FileRecord, to writer: PackWriter, from objects: any ObjectTree) throws
        -> PackWriter.Outcome
    {
        var record = record
        var outcome = PackWriter.Outcome.vanished
        for attempt in 1...Self.attemptsAtChangingFiles {
            outcome = try writer.addObject(
                record, from: objects, inspector: capture.inspector(of: record.name), lookup: lookup,
                progress: progress)
            guard attempt < Self.attemptsAtChangingFiles else { break }
            switch outcome {
            case .torn, .vanished:
                guard let now = try objects.look(at: record.path) else { return .vanished }
                record = now
            case .rejected: continue  // perhaps the transfer was damaged
            case .stored, .unreadable: return outcome
            }
        }
        return outcome
    }

    /// Returns true if a file may still be being written, by the time of its last modification.
    private func isFresh(_ modified: FileTime) -> Bool { modified.seconds > captured.seconds - 60 }

    /// The number of reads of a changing file after which it counts as unreadable.
    private static let attemptsAtChangingFiles = 3

    private func lookup(size: Int, digest: Digest?) throws -> PackWriter.KnownContent {
        guard let digest else { return try catalog.knowsSize(size) ? .possible : .unknown }
        guard let place = try catalog.content(size: size, digest: digest.bytes),
            let pack = try catalog.pack(number: place.pack)
        else { return .unknown }
        return .at(.init(pack: pack, member: place.member))
    }

    // MARK: The manifest

    private func writeManifest(
        of stored: Stored, root: RootAttributes?, isUnchanged: Bool, noting findings: Findings
    ) throws -> Result {
        progress.update { $0.phase = "committing" }
        let totals = try catalog.totals()
        var (watermark, datum) = capture.newestDatum.recorded(capturedUntil: capturedUntil)
        // A time that no document may hold is not a valid age of the data.
        if let wild = watermark, !DocumentRange.milliseconds.contains(wild) {
            findings.add(
                warning: "\(component): the time of its newest datum is outside of the years 1970 to 9999 (\(wild) ms)")
            (watermark, datum) = (nil, .unknown)
        }
        if totals.files == 0 { (watermark, datum) = (nil, .empty) }
        let oldest = capture.oldestDatum.flatMap { DocumentRange.signedMilliseconds.contains($0) ? $0 : nil }
        let found = findings.state
        var manifest = Manifest(
            format: RepositoryFormat.version, component: component, source: kind, name: captured, captured: captured,
            run: run, watermark: watermark,
            oldest: totals.files == 0 ? nil : oldest, datum: datum, facts: capture.facts, root: root,
            totals: .init(
                files: totals.files, directories: totals.directories, links: totals.links,
                bytes: min(totals.bytes, DocumentRange.sizes.upperBound)),
            contents: try isUnchanged ? previous?.contents ?? catalog.merkleRoot() : catalog.merkleRoot(),
            damage: found.damage.sorted { $0.path < $1.path },
            withheld: capture.withheld.isEmpty ? nil : capture.withheld,
            packs: isUnchanged ? previous?.packs ?? [] : try packsInUse(stored), shard: shard)
        if let shard { manifest.name = shard.manifestName(inRun: run) }
        let bytes = try putUnderFreeName(&manifest)
        if let warning = findings.vanished(from: component) { findings.add(warning: warning) }
        if totals.files == 0 { findings.add(warning: "\(component): there is nothing to back up: no files found") }
        var added = stored.added
        added.stored += bytes.count
        return Result(
            manifest: manifest, digest: Digest(of: bytes), added: added,
            warnings: capture.warnings + findings.state.warnings, notes: findings.state.notes)
    }

    /// Another run may have used the name of this second: the next free one is used instead.
    private func putUnderFreeName(_ manifest: inout Manifest) throws -> [UInt8] {
        while true {
            let key = Layout.manifest(component, manifest.name)
            let bytes = try repository.encode(manifest, as: key)
            do {
                _ = try repository.store.put(key, bytes, options: repository.writing)
                repository.cache?.keep(bytes, Digest(of: bytes))
                return bytes
            } catch let error as ObjectStoreError where error.reason == .alreadyExists {
                manifest.name = try manifest.name.next(after: error)
            }
        }
    }

    private func packsInUse(_ stored: Stored) throws -> [Manifest.PackUse] {
        var live: [Int: MemberRuns] = [:]
        var lent: [Int: MemberRuns] = [:]
        try catalog.forEachDescribed { live[$0.pack, default: MemberRuns()].append($0.member) }
        try catalog.forEachBorrowed { lent[$0.pack, default: MemberRuns()].append($0.member) }
        var uses = stored.packs
        for use in (sharded?.packs ?? []) + (previous?.packs ?? []) { uses[use.pack] = use }
        return try Set(live.keys).union(lent.keys).sorted().map { number in
            guard let id = try catalog.pack(number: number), var use = uses[id] else {
                throw RepositoryError.damaged(component, "the catalog names pack \(number), which no manifest does")
            }
            let members = live[number]?.pairs ?? []
            use.live = members == [[0, use.members]] ? nil : members
            use.lent = lent[number]?.pairs
            return use
        }
    }
}

/// Ascending member numbers as half-open ranges.
private struct MemberRuns {
    private(set) var pairs: [[Int]] = []

    mutating func append(_ member: Int) {
        if let end = pairs.last?[1], end == member {
            pairs[pairs.count - 1][1] = member + 1
        } else {
            pairs.append([member, member + 1])
        }
    }
}

/// The entries that the lanes stored.
private final class Stored: Sendable {
    private let mutex = Mutex((packs: [String: Manifest.PackUse](), added: BackupSet.Added()))

    var packs: [String: Manifest.PackUse] { mutex.withLock { $0.packs } }
    var added: BackupSet.Added { mutex.withLock { $0.added } }

    func add(_ pack: PackWriter.Finished, files: Int, bytes: Int) {
        let use = Manifest.PackUse(
            pack: pack.index.pack, index: pack.indexDigest, members: pack.index.members.count)
        mutex.withLock {
            $0.packs[use.pack] = use
            $0.added.files += files
            $0.added.bytes += bytes
            $0.added.stored += pack.stored
            $0.added.packs += 1
        }
    }
}

/// Problems found during the backup, collected from all lanes.
private final class Findings: Sendable {
    struct State {
        var damage: [Damage] = []
        var warnings: [String] = []
        var notes: [String] = []
        /// Files that were there when the tree was walked, and not any more when they were to be read.
        var vanished = 0
        var firstVanished: String?
    }

    private let mutex = Mutex(State())

    var state: State { mutex.withLock { $0 } }

    func add(damage: [Damage]) { mutex.withLock { $0.damage += damage } }
    func add(note: String) { mutex.withLock { $0.notes.append(note) } }
    func add(warning: String) { mutex.withLock { $0.warnings.append(warning) } }

    /// One line for all files that vanished: a retention that ran meanwhile can take thousands.
    func vanished(from component: String) -> String? {
        let state = state
        guard let first = state.firstVanished else { return nil }
        guard state.vanished > 1 else { return "\(component): '\(first)' vanished before it was read" }
        return "\(component): '\(first)' and \(state.vanished - 1) more vanished before they were read"
    }

    func add(_ outcome: PackWriter.Outcome, _ record: FileRecord, isFrozen: Bool, component: String) {
        switch outcome {
        case .stored: break
        case .vanished where isFrozen: add(damage: [Damage(path: record.name, reason: "it vanished")])
        case .vanished:
            mutex.withLock {
                $0.vanished += 1
                $0.firstVanished = min($0.firstVanished ?? record.name, record.name)
            }
        case .unreadable(let reason), .torn(let reason), .rejected(let reason, _):
            add(damage: [Damage(path: record.name, reason: reason)])
        }
    }
}

extension BackupSet.Added {
    package init() { self.init(files: 0, bytes: 0, stored: 0, packs: 0) }
}
