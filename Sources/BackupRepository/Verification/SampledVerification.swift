internal import Cryptography
internal import ObjectStorage
package import Platform
internal import Synchronization

/// Reads a share of the packs, those that were read longest ago, so that after many runs all have been read within the
/// period. It records the progress in the repository, so that any machine can continue.
///
/// Each run lists the packs, and reads all sets and manifests, to find the sets that a damaged pack affects and the
/// sets that have been read whole. Then it reads every byte of its share. Memory: 24 bytes for each pack of the
/// repository, one manifest for each lane, and the facts about the packs of the share.
package struct SampledVerification: Sendable {
    package var repository: Repository
    /// The number of seconds in which all packs are read.
    package var period: Int
    package var tool: String
    package var pool: BlockingPool
    package var progress = WorkProgress()
    /// The time of this run. Packs that it reads count as read at this time.
    package var now: Timestamp
    package var lanes = 2
    /// The domain's checks, by kind of source.
    package var restorers: [String: any ComponentRestorer] = [:]

    package init(repository: Repository, period: Int, tool: String, pool: BlockingPool, now: Timestamp) {
        self.repository = repository
        self.period = period
        self.tool = tool
        self.pool = pool
        self.now = now
    }

    package struct Report: Codable, Equatable, Sendable {
        /// Packs of which every byte was read in this run, and the bytes.
        package var packsRead = 0, bytesRead = 0
        /// Of those, the packs whose contents were not decoded: encrypted, and there was no key.
        package var packsSealed = 0
        /// The totals of the repository, as listed.
        package var packs = 0, bytes = 0
        /// The damage that this run found, with the affected sets.
        package var findings: [Verification.Finding] = []
        /// Sets of which every byte has been read since they were written, or since they were last reported.
        package var proved: [Timestamp] = []
        /// Objects that were known to be damaged before, and are still used.
        package var knownDamage: [String] = []
        /// Bytes in packs that were last read longer ago than the period.
        package var overdueBytes = 0
        /// Marks that could not be read.
        package var notes: [String] = []
    }

    /// - Throws: the error that prevents reading the share; no progress is recorded then, and the next run reads it.
    ///   Damage is in the report.
    package func run() async throws -> Report {
        progress.begin("choosing packs")
        let (share, counted) = try await pool.run { try choose() }
        var report = counted
        progress.update { $0.phase = "reading manifests" }
        let survey = try await survey(share)
        let uses = survey.uses.values.filter { share.reads(ReadingRing.position(ofPack: $0.use.pack)) }
        progress.update {
            $0.phase = "reading packs"
            $0.totalFiles = uses.count
            $0.totalBytes = share.plan.bytes
        }
        let read = try await read(uses, of: share)
        report.packsRead = uses.count
        (report.bytesRead, report.packsSealed) = (read.bytes, read.sealed)
        progress.update { $0.phase = "recording the progress" }
        return try await pool.run { [report] in
            var report = report
            try conclude(from: read, of: share, survey, in: &report)
            return report
        }
    }

    // MARK: The share

    /// The packs that this run reads, with the state of the progress.
    private struct Share: Sendable {
        var state: SampledMark
        /// Marks that ``state`` replaces.
        var replaced: [ObjectKey]
        var plan: ReadingPlan
        /// The manifests that the store lists.
        var manifests: Set<ObjectKey>
        /// The positions of packs in an archive class, which cannot be read: 4 bytes each.
        var archived: Set<UInt32>
        /// The listed sizes of the packs that this run reads, by position. Packs at one position share an entry.
        var sizes: [UInt32: [Int]]

        func chosen(_ position: UInt32) -> Bool { plan.contains(position) }
        func reads(_ position: UInt32) -> Bool { chosen(position) && !archived.contains(position) }

        /// True if a pack was listed with another size. A reading ends where the index says that the pack ends, so only the
        /// listing shows what follows.
        /// - Parameter recorded: by its index.
        func doubts(_ recorded: Int, of pack: String) -> Bool {
            let listed = sizes[ReadingRing.position(ofPack: pack)] ?? []
            return !listed.isEmpty && !listed.contains(recorded)
        }
    }

    private func choose() throws -> (Share, Report) {
        var report = Report()
        let (found, keys) = try SampledMark.newest(
            in: Marks(repository), unreadable: { report.notes.append("skipped a mark: \($0)") })
        let state =
            found
            ?? SampledMark(at: now, tool: tool, began: now, ring: ReadingRing(), credit: 0, damaged: [:])
        var packs: [ReadingPlan.Pack] = []
        var manifests: Set<ObjectKey> = []
        var archived: Set<UInt32> = []
        try repository.store.enumerate(prefix: "", skipping: nil) { object in
            try Task.checkCancellation()
            let parts = object.key.text.split(separator: "/")
            if parts.count == 3, parts[1] == "packs", let pack = Layout.packID(of: object.key) {
                guard object.storageClass?.isArchive != true else {
                    archived.insert(ReadingRing.position(ofPack: pack))
                    return
                }
                packs.append(.init(position: ReadingRing.position(ofPack: pack), bytes: object.size))
            } else if parts.count == 3, parts[1] == "backups", manifests.count < Self.mostManifests {
                manifests.insert(object.key)
            }
        }
        let plan = ReadingPlan(
            packs, ring: state.ring, began: state.began, credit: state.credit,
            pace: ReadingPace(period: period, sets: try repository.setNames()), now: now)
        (report.packs, report.bytes, report.overdueBytes) = (plan.totalPacks, plan.totalBytes, plan.overdueBytes)
        if !archived.isEmpty {
            report.notes.append(
                "\(Units.count(archived.count, "pack")) in an archive class cannot be read, and the sets that need them "
                    + "do not count as read: thaw the set, then `dr verify SET --read-data`")
        }
        var sizes: [UInt32: [Int]] = [:]
        for pack in packs where plan.contains(pack.position) { sizes[pack.position, default: []].append(pack.bytes) }
        let share = Share(
            state: state, replaced: keys, plan: plan, manifests: manifests, archived: archived, sizes: sizes)
        return (share, report)
    }

    /// Bounds the memory: beyond them, manifests are fetched.
    private static let mostManifests = 100_000

    /// Returns the repository to read a set's documents from. The store is asked for those of a share, as for packs, so
    /// that damage to any of them is found within the period. The others are on this machine.
    private func source(of set: Timestamp, _ share: Share) -> Repository {
        let id = Digest(of: Array(set.description.utf8)).hex
        return share.chosen(ReadingRing.position(ofPack: id)) ? repository.unremembered : repository
    }

    // MARK: Uses of packs

    private struct Survey: Sendable {
        /// The packs to read and those known to be damaged.
        var uses: [String: Use] = [:]
        /// Objects that cannot be read, with the sets that need them.
        var damaged: [ObjectKey: (reason: String, sets: [Timestamp])] = [:]
        /// Sets of which every pack was read after they were written, unless damage was found.
        var covered: [Timestamp] = []
        /// Sets that were known to be damaged before.
        var knownDamaged: Set<Timestamp> = []
    }

    private struct Use: Sendable {
        var component: String
        var kind: String
        var use: Manifest.PackUse
        var sets: [Timestamp]
    }

    /// Seconds by which the clocks of machines may differ: a pack that was read within them may have been read before
    /// the set was written.
    private static let clockTolerance = 3600

    private func survey(_ share: Share) async throws -> Survey {
        let (names, marks, void) = try await pool.run {
            try (
                repository.setNames(), SetMarks(Marks(repository)), VoidRuns(listing: repository)
            )
        }
        let known = Set(share.state.damaged.values.joined())
        let found = Mutex(Survey())
        try await names.concurrentForEach(limit: 4) { name in
            try await pool.run {
                try Task.checkCancellation()
                let facts = marks[name]
                let source = source(of: name, share)
                if facts.isDamaged { found.withLock { _ = $0.knownDamaged.insert(name) } }
                guard
                    let set = try document(
                        Layout.set(name), of: name, noting: found, { try source.set(name, void: void) })
                else { return }
                var isCovered = true
                let since = max(set.finished.seconds + Self.clockTolerance, facts.verified?.seconds ?? .min)
                for (component, part) in set.components {
                    let key = Layout.manifest(component, part.manifest)
                    let manifest = try document(key, of: name, noting: found) {
                        var source = source
                        if !share.manifests.contains(key) { source.cache = nil }
                        return try source.manifest(component, part.manifest, sha256: part.sha256)
                    }
                    guard let manifest else { return }
                    for use in manifest.packs {
                        let position = ReadingRing.position(ofPack: use.pack)
                        let read = share.plan.ring.read(at: position)?.seconds ?? .min
                        isCovered = isCovered && !share.archived.contains(position)
                        isCovered = isCovered && read > since && now.seconds - read <= period
                        guard share.chosen(position) || known.contains(use.pack) else { continue }
                        found.withLock {
                            let new = Use(component: component, kind: manifest.source, use: use, sets: [])
                            $0.uses[use.pack, default: new].sets.append(name)
                        }
                    }
                }
                if isCovered { found.withLock { $0.covered.append(name) } }
            }
        }
        return found.withLock { $0 }
    }

    /// - Returns: nil if the document is damaged, which is recorded, or the set is no longer valid.
    private func document<Value>(
        _ key: ObjectKey, of set: Timestamp, noting found: borrowing Mutex<Survey>, _ read: () throws -> Value
    ) throws -> Value? {
        do { return try read() } catch let error as RepositoryError where error.reason == .noSuchSet {
            return nil
        } catch let error as RepositoryError where error.reason == .damaged {
            found.withLock { $0.damaged[key, default: (error.detail, [])].sets.append(set) }
            return nil
        } catch let error as RepositoryError where error.reason == .encrypted {
            return nil  // no sign of damage: another machine has the document key
        }
    }

    // MARK: Reading

    private struct Reading: Sendable {
        var bytes = 0, sealed = 0
        /// For each pack: the object, and its damage.
        var damaged: [String: (key: ObjectKey, reason: String)] = [:]
        var good: Set<String> = []
    }

    private func read(_ uses: [Use], of share: Share) async throws -> Reading {
        let found = Mutex(Reading())
        let proof = PackProof(repository: repository, progress: progress, restorers: restorers)
        try await repository.forEachPack(of: uses, lanes: lanes, on: pool) { use in
            let pack = use.use.pack
            do {
                let (outcome, key) = try proof.prove(use.use, of: use.component, kind: use.kind)
                let reason = try outcome.reason ?? objection(to: outcome.size, of: pack, at: key, in: share)
                found.withLock {
                    $0.bytes += outcome.bytesRead
                    $0.sealed += outcome.isSealed ? 1 : 0
                    if let reason {
                        $0.damaged[pack] = (key, reason)
                    } else {
                        $0.good.insert(pack)
                    }
                }
            } catch let error as RepositoryError where error.reason == .damaged {
                found.withLock { $0.damaged[pack] = (Layout.index(use.component, pack), error.detail) }
            }
            progress.update { $0.files += 1 }
        }
        return found.withLock { $0 }
    }

    /// Compares the size of a pack in the store with that in its index, and returns the difference in words; nil if they are
    /// the same. Asks the store again: since the listing, a repair may have put the pack back, or a prune removed it.
    private func objection(
        to recorded: Int, of pack: String, at key: ObjectKey, in share: Share
    ) throws -> String? {
        guard share.doubts(recorded, of: pack), let size = try repository.store.head(key)?.size, size != recorded
        else { return nil }
        return "it has \(size) bytes, but its index records \(recorded)"
    }

    // MARK: Conclusions

    private func conclude(from read: Reading, of share: Share, _ survey: Survey, in report: inout Report) throws {
        var hurt: Set<Timestamp> = []
        for (key, damage) in survey.damaged {
            let sets = try present(damage.sets)
            hurt.formUnion(sets)
            if sets.allSatisfy(survey.knownDamaged.contains) {
                if !sets.isEmpty { report.knownDamage.append(key.text) }
            } else {
                report.findings.append(.init(object: key.text, reason: damage.reason, sets: sets))
            }
        }
        var damaged: [String: [String]] = [:]
        for (pack, use) in survey.uses {
            let wasKnown = share.state.damaged[use.component]?.contains(pack) == true
            guard let found = read.damaged[pack] else {
                guard wasKnown, !read.good.contains(pack) else { continue }
                report.knownDamage.append(Layout.pack(use.component, pack).text)
                damaged[use.component, default: []].append(pack)
                hurt.formUnion(use.sets)
                continue
            }
            // A pack that a prune removed meanwhile is not damage.
            let sets = try present(use.sets)
            guard !sets.isEmpty else { continue }
            damaged[use.component, default: []].append(pack)
            report.findings.append(.init(object: found.key.text, reason: found.reason, sets: sets))
            hurt.formUnion(sets)
        }
        report.findings.sort { $0.object < $1.object }
        report.knownDamage.sort()
        report.proved = survey.covered.filter { !hurt.contains($0) }.sorted()

        let marks = Marks(repository)
        var ring = share.plan.ring
        ring.coarsen(within: max(period / 256, 1))
        try marks.put(
            SampledMark(
                at: now, tool: tool, began: share.state.began, ring: ring, credit: share.plan.credit,
                damaged: damaged.mapValues { $0.sorted() }))
        // A mark that cannot be removed is still replaced; a prune tries again.
        _ = try? repository.store.delete(share.replaced)
        let fresh = hurt.subtracting(survey.knownDamaged)
        let mark = VerifiedMark(
            at: now, tool: tool, level: .data, share: 1, good: report.proved, damaged: fresh.sorted())
        report.notes += try marks.record(mark)
    }

    private func present(_ sets: [Timestamp]) throws -> [Timestamp] {
        try sets.filter { try repository.store.head(Layout.set($0)) != nil }.sorted()
    }
}
