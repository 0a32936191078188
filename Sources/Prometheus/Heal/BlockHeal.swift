internal import BackupRepository
internal import FoundationEssentials
internal import Platform

/// One heal of a Prometheus: finds for each damaged or missing block the newest backup that has it, and exchanges it.
struct BlockHeal {
    private let data: DataDirectory
    private let pool: BlockingPool
    private let request: HealRequest
    private var decision: HealDecision
    /// The damaged live blocks that no backup has replaced yet.
    private var damage: [String: [Damage]]
    private let place: HealPlace
    /// The blocks of backups that were judged.
    private var judged: Set<String> = []
    /// Blocks that are not put back because the server may have deleted them: the set and the reason.
    private var doubtful: [String: (set: Timestamp, reason: String)] = [:]
    var report = HealReport()

    /// Bytes of one `meta.json` in a backup.
    private static let longestMeta = 1 << 20

    init(
        data: DataDirectory, pool: BlockingPool, request: HealRequest, decision: HealDecision,
        damage: [String: [Damage]]
    ) {
        self.data = data
        self.pool = pool
        self.request = request
        self.decision = decision
        self.damage = damage
        place = HealPlace(data.path, stamp: request.stamp)
    }

    mutating func run(isServerUp: Bool) async throws -> HealReport {
        if !request.isDryRun { try await pool.run { [place] in try place.removeLeftovers() } }
        for backup in request.backups where !damage.isEmpty || decision.hasGap {
            request.progress.begin("looking in set \(backup.set)")
            do {
                try await take(from: try await backup.open())
            } catch let error as RepositoryError where error.reason == .damaged {
                report.notes.append("set \(backup.set) cannot be used: \(error)")
            }
        }
        for (name, damage) in damage.sorted(by: { $0.key < $1.key }) {
            var part = HealReport.Part(name, .damaged, damage: damage.map(\.text))
            part.reason = "no backup that was looked at has it, or all of what it was compacted from"
            report.parts.append(part)
        }
        for (name, doubt) in doubtful.sorted(by: { $0.key < $1.key }) {
            var part = HealReport.Part(name, .missing)
            (part.set, part.reason) = ("\(doubt.set)", doubt.reason)
            report.parts.append(part)
        }
        if !request.isDryRun {
            try await pool.run { [place, report] in try place.finish(isWhole: report.unhealed == 0) }
        }
        let replaced = report.parts.contains { $0.action == .healed && $0.state == .damaged }
        if replaced { report.kept = place.aside }
        report.server = advice(replaced: replaced, isServerUp: isServerUp)
        return report
    }

    private func advice(replaced: Bool, isServerUp: Bool) -> [String] {
        guard report.healed > 0 else { return [] }
        guard isServerUp else { return ["start Prometheus: it loads the blocks when it starts"] }
        var lines: [String] = []
        if replaced {
            lines.append("restart Prometheus: until then it keeps the damaged files of the replaced blocks open")
        }
        if report.parts.contains(where: { $0.action == .healed && $0.state == .missing }) {
            lines.append("Prometheus loads the missing blocks within a minute, without a restart")
        }
        return lines
    }

    // MARK: One backup

    /// A block to put back, or several for a damaged one that was compacted from them.
    private struct Wanted {
        var blocks: [String]
        var metas: [BlockMeta]
        /// The live block to move aside.
        var replaces: String?
    }

    private mutating func take(from backup: OpenHealBackup) async throws {
        let names = try await pool.run {
            var names: Set<String> = []
            try backup.forEachFile { path in
                let parts = path.split(separator: "/")
                if parts.count == 2, parts[1] == "meta.json", BlockName.isBlock(String(parts[0])) {
                    names.insert(String(parts[0]))
                }
            }
            return names
        }
        var wanted = names.filter { damage[$0] != nil }.sorted().map {
            Wanted(blocks: [$0], metas: [], replaces: $0)
        }
        let live = Set(decision.live.map(\.name))
        let unknown = names.filter { !live.contains($0) && !judged.contains($0) }.sorted()
        let documents = try await backup.contents(of: unknown.map { "\($0)/meta.json" }, limit: Self.longestMeta)
        var metas = unknown.compactMap { documents["\($0)/meta.json"].flatMap(BlockMeta.init(parsing:)) }
        metas.removeAll { !unknown.contains($0.ulid) }
        wanted += compacted(from: metas, except: Set(wanted.compactMap(\.replaces)))
        let parts = Set(wanted.flatMap(\.blocks))
        for meta in metas.sorted(by: { $0.minTime < $1.minTime }) where !parts.contains(meta.ulid) {
            judged.insert(meta.ulid)
            switch decision.verdict(on: meta) {
            case .missing:
                wanted.append(Wanted(blocks: [meta.ulid], metas: [meta], replaces: nil))
                // An older backup may have other blocks of this time.
                decision.live.append(.init(name: meta.ulid, meta: meta))
            case .maybeExpired:
                doubtful[meta.ulid] = (
                    backup.set,
                    "the server may have deleted it: its retention removes the oldest blocks; --missing puts "
                        + "it back"
                )
            case .maybeInHead:
                doubtful[meta.ulid] = (
                    backup.set, "its samples may be in the server's head: start the server, and run dr heal again"
                )
            case .covered, .compacted, .expired: continue
            }
        }
        guard !wanted.isEmpty else { return }
        if request.isDryRun {
            for part in wanted { note(part, .wouldHeal, from: backup) }
        } else {
            try await fetch(wanted, from: backup)
        }
    }

    /// Finds the blocks that damaged live ones were compacted from.
    private func compacted(from metas: [BlockMeta], except found: Set<String>) -> [Wanted] {
        decision.live.compactMap { block in
            guard let meta = block.meta, damage[block.name] != nil, !found.contains(block.name) else { return nil }
            let sources = Set(meta.sources)
            let parts = metas.filter { !$0.sources.isEmpty && Set($0.sources).isSubset(of: sources) }
            guard decision.replaces(parts, meta) else { return nil }
            return Wanted(blocks: parts.map(\.ulid), metas: parts, replaces: block.name)
        }
    }

    private mutating func note(
        _ wanted: Wanted, _ action: HealReport.Part.Action, from backup: OpenHealBackup, because reason: String? = nil
    ) {
        let name = wanted.replaces ?? wanted.blocks[0]
        var part = HealReport.Part(name, wanted.replaces == nil ? .missing : .damaged)
        (part.action, part.set, part.reason) = (action, "\(backup.set)", reason)
        part.damage = damage.removeValue(forKey: name)?.map(\.text) ?? []
        if wanted.replaces != nil, wanted.blocks != [name] {
            part.reason = "replaced by the blocks that it was compacted from: \(wanted.blocks.joined(separator: ", "))"
        }
        report.parts.append(part)
    }

    // MARK: Exchanging

    private mutating func fetch(_ wanted: [Wanted], from backup: OpenHealBackup) async throws {
        let folder = place.staging(of: backup)
        var rest = wanted
        while !rest.isEmpty {
            do {
                let restored = try await backup.restore(
                    rest.flatMap(\.blocks), to: folder, seed: RestoreSeed(data.path, "the live blocks"),
                    stamp: request.stamp)
                report.fetchedBytes += restored.fetched
                report.reusedBytes += restored.reusedBytes
                if let shortfall = restored.shortfall { report.notes.append(shortfall.text(target: data.path)) }
                break
            } catch let error as RestoreFailure {
                // The intact blocks of a damaged backup are still good; an older one may have the others.
                let bad = Set(error.damage.compactMap { $0.path.split(separator: "/").first.map(String.init) })
                report.notes.append("set \(backup.set) has damaged blocks: \(bad.sorted().joined(separator: ", "))")
                let kept = rest.filter { bad.isDisjoint(with: $0.blocks) }
                guard kept.count < rest.count else { throw error }
                for lost in rest where lost.replaces == nil && !bad.isDisjoint(with: lost.blocks) {
                    decision.live.removeAll { lost.blocks.contains($0.name) }
                    judged.subtract(lost.blocks)
                }
                rest = kept
            }
        }
        for part in rest {
            do {
                try await pool.run { [self] in try exchange(part, in: folder) }
                note(part, .healed, from: backup)
                for meta in part.metas where part.replaces != nil {
                    decision.live.append(.init(name: meta.ulid, meta: meta))
                }
            } catch let error as PartRefusal {
                note(part, .skipped, from: backup, because: error.reason)
            }
        }
    }

    private struct PartRefusal: Error { var reason: String }

    /// Verifies the staged blocks and moves them into place.
    private func exchange(_ part: Wanted, in folder: String) throws {
        for block in part.blocks {
            if block == part.replaces { try keepDeletions(of: block, in: folder) }
            let found = try BlockVerifier("\(folder)/\(block)").verify()
            if let defect = found.damage.first {
                throw PartRefusal(reason: "its copy in the backup is damaged: \(defect.text)")
            }
        }
        if let old = part.replaces {
            guard FileManager.default.fileExists(atPath: "\(data.path)/\(old)") else {
                throw PartRefusal(reason: "the server compacted or deleted it meanwhile")
            }
            try place.setAside(old)
        } else if let covering = covering(part.metas) {
            throw PartRefusal(reason: "the server has written block \(covering) of the same time meanwhile")
        }
        for block in part.blocks { try place.place("\(folder)/\(block)", as: block) }
    }

    /// Deletions that were requested since the backup are newer than it: they stay.
    private func keepDeletions(of block: String, in folder: String) throws {
        let (live, staged) = ("\(data.path)/\(block)", "\(folder)/\(block)")
        let names = [Tombstones.name, "meta.json"]
        let files = FileManager.default
        guard files.fileExists(atPath: "\(live)/\(Tombstones.name)"),
            !files.contentsEqual(atPath: "\(live)/\(Tombstones.name)", andPath: "\(staged)/\(Tombstones.name)"),
            (try? Tombstones.verify(in: live, capacity: 1 << 20)) != nil, (try? BlockMeta(readingFrom: live)) != nil
        else { return }
        for name in names {
            let content = try Data(contentsOf: URL(filePath: "\(live)/\(name)"))
            try OutputFile.write([UInt8](content), to: "\(staged)/\(name)", links: .refuse)
        }
    }

    /// Returns a live block that was not there before and has samples of the same time.
    private func covering(_ metas: [BlockMeta]) -> String? {
        let known = Set(decision.live.map(\.name))
        return data.blocks().first { name in
            guard !known.contains(name), let meta = try? BlockMeta(readingFrom: "\(data.path)/\(name)") else {
                return false
            }
            return metas.contains { meta.minTime < $0.maxTime && $0.minTime < meta.maxTime }
        }
    }
}

extension Damage {
    /// The path in the block, and the reason.
    fileprivate var text: String { path.isEmpty ? reason : "\(path): \(reason)" }
}
