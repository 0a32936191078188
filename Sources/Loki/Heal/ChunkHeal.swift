internal import BackupRepository
internal import Glibc
internal import Platform

/// One heal of a Loki: finds for each damaged or missing chunk the newest backup that has it, and exchanges it.
struct ChunkHeal {
    /// The live chunks directory, absolute.
    private let chunks: String
    private let pool: BlockingPool
    private let request: HealRequest
    private let deletion: ChunkDeletion
    /// The damaged live chunks that no backup has replaced yet, by their path below the chunks directory.
    private var damage: [String: [Damage]]
    private let place: HealPlace
    /// The missing chunks that were judged.
    private var judged: Set<String> = []
    private var doubtful: (chunks: Int, example: String, set: Timestamp, reason: String)?
    var report = HealReport()

    init(
        chunks: String, data: String, pool: BlockingPool, request: HealRequest, deletion: ChunkDeletion,
        damage: [String: [Damage]]
    ) {
        self.chunks = chunks
        self.pool = pool
        self.request = request
        self.deletion = deletion
        self.damage = damage
        // `dr status` lists replaced content in the component's directory; a rename cannot leave the file system.
        place = HealPlace(chunks, aside: Self.isSameDevice(chunks, data) ? data : nil, stamp: request.stamp)
    }

    private static func isSameDevice(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev
    }

    mutating func run() async throws -> HealReport {
        if !request.isDryRun { try await pool.run { [place] in try place.removeLeftovers() } }
        for backup in request.backups {
            request.progress.begin("looking in set \(backup.set)")
            do {
                try await take(from: try await backup.open())
            } catch let error as RepositoryError where error.reason == .damaged {
                report.notes.append("set \(backup.set) cannot be used: \(error)")
            }
        }
        for (name, damage) in damage.sorted(by: { $0.key < $1.key }) {
            var part = HealReport.Part(name, .damaged, damage: damage.map(\.reason))
            part.reason = "no backup that was looked at has it"
            report.parts.append(part)
        }
        if let doubtful {
            var part = HealReport.Part(doubtful.example, .missing)
            let more = doubtful.chunks > 1 ? ", and \(doubtful.chunks - 1) more" : ""
            (part.set, part.reason) = ("\(doubtful.set)", "\(doubtful.reason)\(more); --missing puts back all")
            report.parts.append(part)
        }
        if !request.isDryRun {
            try await pool.run { [place, report] in try place.finish(isWhole: report.unhealed == 0) }
        }
        if report.parts.contains(where: { $0.action == .healed && $0.state == .damaged }) { report.kept = place.aside }
        if report.healed > 0 { report.server = ["Loki reads chunks when a query needs them: no restart is needed"] }
        return report
    }

    private mutating func take(from backup: OpenHealBackup) async throws {
        let (known, judgedBefore) = (Set(damage.keys), judged)
        let (held, absent) = try await pool.run { [chunks] in
            var (held, absent): ([String], [(path: String, name: ChunkName)]) = ([], [])
            let start = "\(LokiLayout.chunks)/"
            try backup.forEachFile { path in
                guard path.hasPrefix(start), case .chunk(let name) = LokiPath(path) else { return }
                let below = String(path.dropFirst(start.count))
                if known.contains(below) {
                    held.append(below)
                } else if !judgedBefore.contains(below), access("\(chunks)/\(below)", F_OK) != 0, errno == ENOENT {
                    absent.append((below, name))
                }
            }
            return (held, absent)
        }
        var wanted = held
        for (path, name) in absent {
            judged.insert(path)
            switch deletion.verdict(on: name) {
            case .missing: wanted.append(path)
            case .maybeDeleted where request.restoresMissing: wanted.append(path)
            case .maybeDeleted(let reason):
                doubtful = (
                    (doubtful?.chunks ?? 0) + 1, doubtful?.example ?? path, doubtful?.set ?? backup.set, reason
                )
            case .expired: continue
            }
        }
        guard !wanted.isEmpty else { return }
        if request.isDryRun {
            for path in wanted { note(path, .wouldHeal, from: backup) }
        } else {
            try await fetch(wanted, from: backup)
        }
    }

    private mutating func note(_ path: String, _ action: HealReport.Part.Action, from backup: OpenHealBackup) {
        let damage = damage.removeValue(forKey: path)
        var part = HealReport.Part(path, damage == nil ? .missing : .damaged, damage: damage?.map(\.reason) ?? [])
        (part.action, part.set) = (action, "\(backup.set)")
        report.parts.append(part)
    }

    private mutating func fetch(_ wanted: [String], from backup: OpenHealBackup) async throws {
        let folder = place.staging(of: backup)
        var rest = wanted
        while !rest.isEmpty {
            do {
                let restored = try await backup.restore(
                    rest.map { "\(LokiLayout.chunks)/\($0)" }, to: folder, seed: nil, stamp: request.stamp)
                report.fetchedBytes += restored.fetched
                if let shortfall = restored.shortfall { report.notes.append(shortfall.text(target: chunks)) }
                break
            } catch let error as RestoreFailure {
                // The intact chunks of a damaged backup are still good; an older one may have the others.
                let bad = Set(error.damage.map { String($0.path.dropFirst(LokiLayout.chunks.count + 1)) })
                report.notes.append("set \(backup.set) has \(Units.count(bad.count, "damaged chunk"))")
                let kept = rest.filter { !bad.contains($0) }
                guard kept.count < rest.count else { throw error }
                judged.subtract(bad)
                rest = kept
            }
        }
        for path in rest {
            try await pool.run { [place, damage] in
                if damage[path] != nil { try place.setAside(path) }
                try place.place("\(folder)/\(LokiLayout.chunks)/\(path)", as: path)
            }
            note(path, .healed, from: backup)
        }
    }
}
