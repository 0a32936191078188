internal import Platform

/// The set of one run, assembled from the outcomes of its components.
struct SetAssembly {
    private let run: BackupRun
    private let history: RunHistory
    private var set: BackupSet
    private var manifests: [String: Manifest] = [:]
    private var warnings: [String]
    private var notes: [String] = []
    private var isStoreFull = false

    /// The largest number of damaged files that the set lists. The manifest lists all of them.
    private static let mostReasons = 100

    init(of run: BackupRun, since start: BackupRun.Start) {
        self.run = run
        history = start.history
        warnings = start.guarding.warnings + start.history.warnings
        set = BackupSet(
            format: RepositoryFormat.version, name: start.time, repository: run.repository.description.id,
            run: start.guarding.run, tool: run.tool, stack: run.stack, started: start.time, finished: start.time,
            status: .complete, reasons: [], previous: start.history.newest,
            previousDigest: start.history.newestDigest, number: start.history.nextNumber,
            recipients: run.repository.encryption.fingerprints, components: [:], failed: [:],
            configured: Set((run.configured ?? []) + run.components.map(\.name)).sorted())
        set.recovery = run.recovery
        set.ledger = run.state.ledgerHead()
    }

    mutating func add(_ outcome: ComponentRun.Outcome, of name: String) {
        switch outcome {
        case .failed(let failure):
            isStoreFull = isStoreFull || failure.isStoreFull
            set.failed[name] = failure.reason
            set.reasons.append("\(name): \(failure.reason)")
        case .stored(let stored):
            let manifest = stored.result.manifest
            manifests[name] = manifest
            warnings += stored.result.warnings
            notes += stored.result.notes
            set.reasons += manifest.damage.map { "\(name): '\($0.path.printable)' was skipped: \($0.reason)" }
            if manifest.datum == .future {
                warnings.append(
                    "\(name): its newest datum is later than its capture, a clock is wrong: "
                        + "how new its data are is not known")
            }
            let common = stored.recipients.flatMap { of in set.recipients.map { $0.filter(of.contains) } }
            set.recipients = common
            var part = BackupSet.Component(stored)
            part.shrunk = collapse(of: name, to: manifest)
            set.components[name] = part
        }
    }

    /// Compares a component with its last whole backup, and records if it shrank a lot.
    /// - Returns: the set of that backup if the new one must not replace it.
    private mutating func collapse(of name: String, to manifest: Manifest) -> Timestamp? {
        guard let before = history.reference(of: name),
            let settings = run.components.first(where: { $0.name == name })
        else { return nil }
        let shrinkage = Shrinkage(from: before.part, to: manifest, threshold: settings.shrinkThreshold)
        guard let text = shrinkage.text else { return nil }
        let line = "\(name): it shrank since set \(before.set), \(text)"
        guard shrinkage.isCollapse, !run.acceptsShrink else {
            warnings.append(line)
            return nil
        }
        warnings.append(
            "\(line); restores and retention prefer the sets before it\nhint: if this is intended, run `dr backup "
                + "--accept-shrink` once; otherwise restore the missing data: --at \(before.set)")
        set.reasons.append(line)
        return before.set
    }

    /// - Returns: the set to commit, and the report on it.
    /// - Throws: ``BackupFailure`` if no component was stored.
    consuming func finish() throws -> (set: BackupSet, report: BackupRun.Report) {
        guard !set.components.isEmpty else { throw BackupFailure(reasons: set.failed, isStoreFull: isStoreFull) }
        set.finished = run.now()
        set.reasons =
            Array(set.reasons.prefix(Self.mostReasons)) + set.skipped.map { "\($0): not asked for (--component)" }
        set.status = set.reasons.isEmpty ? .complete : .partial
        return (set, BackupRun.Report(set: set, manifests: manifests, warnings: warnings, notes: notes))
    }
}

extension BackupSet.Component {
    fileprivate init(_ stored: ComponentRun.Stored) {
        let (manifest, seconds) = (stored.result.manifest, stored.seconds)
        self.init(
            source: stored.kind, manifest: manifest.name, sha256: stored.result.digest, captured: manifest.captured,
            watermark: manifest.watermark, oldest: manifest.oldest, datum: manifest.datum, files: manifest.totals.files,
            bytes: manifest.totals.bytes, contents: manifest.contents, damaged: manifest.damage.count,
            added: stored.result.added,
            seconds: (seconds * 1000).rounded() / 1000)
    }
}
