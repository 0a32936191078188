import BackupRepository
package import Components
import Documents
import FoundationEssentials
import ObjectStorage
import Platform
import StackConfiguration

/// `dr import`: stores backups of other tools as backup sets with their own times.
package struct ImportJob {
    package let session: Session
    package let output: Output
    package let format: String
    /// Addresses and paths, as the operator named them.
    package let sources: [String]
    /// `NAME` or `NAME=PLACE`; empty for all components that the format fits.
    package var components: [String] = []
    /// Names of backups at the source; empty for all.
    package var only: [String] = []
    /// Seconds east of UTC of the clock that named the backups.
    package var offset = 0
    package var passwordFile: String?
    package var isDryRun = false

    package init(_ session: Session, _ output: Output, format: String, sources: [String]) {
        self.session = session
        self.output = output
        self.format = format
        self.sources = sources
    }

    /// The formats of all kinds, in order.
    package static func formats(of kinds: [any ComponentKind.Type]) -> [String] {
        Set(kinds.flatMap { $0.foreignBackups.map(\.format) }).sorted()
    }

    /// - Throws: errors that concern the whole import; a backup that cannot be imported is in the result.
    package func run() async throws -> ImportResult {
        let formats = Self.formats(of: session.kinds)
        guard formats.contains(format) else {
            throw UsageError(
                "there is no format '\(format)'", hint: "the formats are: \(formats.joined(separator: ", "))")
        }
        let choice = try ComponentChoice(session, format: format, arguments: components)
        var findings = ForeignFindings()
        for source in sources {
            let found = try await session.pool.run { try search(source, choice) }
            findings.candidates += found.candidates
            findings.problems += found.problems
            findings.notes += found.notes
        }
        var result = ImportResult(format: format, from: [], dryRun: isDryRun)
        result.from = Array(Set(findings.candidates.map(\.from))).sorted()
        result.notes = findings.notes
        result.refused = findings.problems.map { .init(source: $0.source, reason: "no_time", message: $0.reason) }
        let candidates = findings.candidates.filter { candidate in
            only.isEmpty || only.contains { Self.isNamed($0, candidate) }
        }
        guard !candidates.isEmpty || !findings.problems.isEmpty else {
            throw UsageError(
                "there is no backup to import in '\(sources.joined(separator: "', '"))'",
                hint: findings.notes.first ?? "docs/import.md lists the files that each format has")
        }
        try await importAll(candidates, into: &result)
        return result
    }

    private static func isNamed(_ name: String, _ candidate: ForeignCandidate) -> Bool {
        candidate.time.description == name || candidate.name.hasPrefix(name)
            || candidate.parts.contains { part in
                part.files.contains { $0.record.path.split(separator: "/").contains { $0.hasPrefix(name) } }
            }
    }

    private func search(_ source: String, _ choice: ComponentChoice) throws -> ForeignFindings {
        switch choice.chosen[0].form.layout {
        case .snapshot:
            let repository = ResticRepository(
                source, passwordFile: passwordFile, environment: ProcessInfo.processInfo.environment)
            return try ResticSearch(choice: choice, repository: repository).run()
        case .folder:
            let (place, address, file) = try session.foreignPlace(source)
            guard file == nil else { throw UsageError("'\(source)' is a file: name the folder above the backups") }
            return try ForeignSearch(choice: choice, offset: offset).folders(in: place, at: address)
        case .archive:
            let (place, address, file) = try session.foreignPlace(source)
            return try ForeignSearch(choice: choice, offset: offset).archives(in: place, at: address, only: file)
        }
    }

    // MARK: Importing

    private func importAll(_ candidates: [ForeignCandidate], into result: inout ImportResult) async throws {
        let repository = isDryRun ? try await session.repository() : try await session.writableRepository()
        if !isDryRun {
            try repository.signing.requireSigner(toWrite: "the imported set", as: [.backup], at: session.now())
            if !repository.signing.isRequired { output.warn(SigningText.unsigned) }
        }
        let folder = "\(session.stateFolder)/import"
        await session.pool.run { ForeignStage.removeAbandoned(in: folder) }
        let known = KnownImports(repository)
        for found in candidates {
            try Task.checkCancellation()
            let missing = try await session.pool.run { try known.missing(of: found) }
            if missing.parts.isEmpty, let set = missing.holder {
                result.skipped.append(.init(source: found.name, set: set))
                continue
            }
            var candidate = found
            candidate.parts = missing.parts
            guard !repository.scope.isFuture(candidate.time, at: session.now()) else {
                result.refused.append(
                    .init(
                        source: candidate.name, reason: "future",
                        message: "its time, \(candidate.time.readable), is in the future\nhint: --utc-offset is the "
                            + "offset of the clock that named it"))
                continue
            }
            guard !isDryRun else {
                result.imported.append(Self.preview(of: candidate))
                known.add(candidate, as: candidate.time, holding: Set(candidate.parts.map(\.component.name)))
                continue
            }
            switch try await importRecorded(candidate, in: folder, into: repository) {
            case .success(let imported):
                result.imported.append(imported)
                known.add(candidate, as: imported.set, holding: Set(imported.components.keys))
            case .failure(let refusal): result.refused.append(refusal.refused)
            }
        }
    }

    /// A backup that cannot be imported, while the others can.
    private struct Refusal: Error {
        var refused: ImportResult.Refused
    }

    /// Imports one backup, and writes the result to the ledger.
    private func importRecorded(
        _ candidate: ForeignCandidate, in folder: String, into repository: Repository
    ) async throws -> Result<ImportResult.Imported, Refusal> {
        var ledger = LedgerRun(of: .imported, in: session, telling: output)
        ledger.entry.components = candidate.parts.map(\.component.name)
        await ledger.begin(in: repository)
        do {
            let stage = try ForeignStage(in: folder)
            defer { stage.remove() }
            let (imported, report) = try await self.import(candidate, on: stage, into: repository)
            await ledger.end(report.set.status.rawValue, exitCode: imported.isWhole ? 0 : 3, in: repository) {
                $0.run = report.set.run
                $0.set = .init(name: report.set.name, sha256: report.digest)
                $0.reason = "\(format): \(candidate.name)"
            }
            return .success(imported)
        } catch {
            await ledger.end("failed", exitCode: error is CancellationError ? 130 : 1, in: repository) {
                $0.reason =
                    error is CancellationError ? "interrupted" : "\(format): \(candidate.name): \(error)"
            }
            guard let known = error as? any OperationError, Self.concernsOneBackup(known) else { throw error }
            return .failure(
                Refusal(
                    refused: .init(
                        source: candidate.name, reason: known.reasonCode, message: Self.message(of: known))))
        }
    }

    private func `import`(
        _ found: ForeignCandidate, on stage: ForeignStage, into repository: Repository
    ) async throws -> (ImportResult.Imported, BackupRun.Report) {
        var candidate = found
        var sources: [(part: ForeignCandidate.Part, files: ForeignFiles)] = []
        let works = candidate.parts.map { ($0.component.name, WorkProgress()) }
        let display = ProgressDisplay(options: session.options, work: works)
        var newest: Int?
        for part in candidate.parts {
            let context = session.context(of: part.component.name)
            for (name, progress) in works where name == part.component.name { progress.begin("unpacking") }
            let unpacked = try await display.during { [pool = session.pool] in
                try await pool.run { try stage.unpack(part, of: found, context) }
            }
            sources.append((part, unpacked.files))
            newest = [newest, unpacked.newest].compactMap { $0 }.max()
        }
        var notes: [String] = []
        // A name in local time east of UTC would make the data younger than they are.
        if let newest, ForeignTime.isLocal(candidate.time, lastWrite: newest) {
            notes.append(
                "its name is later than the last write of its files, whose time dr uses: \(Timestamp(seconds: newest))\n"
                    + "hint: --utc-offset is the offset of the clock that named it")
            candidate.time = Timestamp(seconds: newest)
        }
        var parts: [BackupRun.Component] = []
        for (part, files) in sources {
            var component = BackupRun.Component(
                name: part.component.name, kind: part.component.kind,
                source: ForeignSource(
                    form: part.form, files: files,
                    facts: ["imported": format, "imported from": candidate.from], pool: session.pool))
            component.stallTimeout = part.component.stallTimeout.duration
            for (name, progress) in works where name == component.name { component.progress = progress }
            parts.append(component)
        }
        var run = BackupRun(
            repository: repository, components: parts, stack: session.configuration.stack, tool: Release.tool,
            state: try session.state(of: repository), pool: session.pool, logger: session.logger,
            now: { [clock = session.clock] in Timestamp(seconds: clock.seconds) })
        run.configured = session.configuration.components.map(\.name)
        run.lanes = session.configuration.limits.parallelism ?? min(Session.coresUsed + 1, 4)
        run.importing = BackupRun.Import(
            time: candidate.time,
            origin: ImportedFrom(
                format: format, from: candidate.from, files: candidate.parts.flatMap { $0.files.map(\.record) }))
        let report = try await display.during { [run] in try await run.run() }
        if report.set.name != candidate.time {
            notes.append("another set has the name \(candidate.time): this one has the next free second")
        }
        if report.manifests.values.contains(where: { $0.datum == .future }) {
            notes.append("hint: --utc-offset is the offset of the clock that named the backup, if its zone is not UTC")
        }
        return (Self.imported(candidate, as: report, notes: notes), report)
    }

    private static func imported(
        _ candidate: ForeignCandidate, as report: BackupRun.Report, notes: [String]
    ) -> ImportResult.Imported {
        let set = report.set
        var components: [String: ImportResult.Component] = [:]
        for (name, part) in set.components {
            components[name] = ImportResult.Component(
                files: part.files, bytes: part.bytes, damaged: part.damaged,
                // With a wrong clock it is the time of the backup, and says nothing about the data.
                newestDatum: part.datum == .future ? nil : part.watermark, read: read(of: name, candidate))
        }
        let reasons = set.reasons.filter { reason in !set.skipped.contains { reason.hasPrefix("\($0): not asked") } }
        return ImportResult.Imported(
            source: candidate.name, set: set.name, time: candidate.time, components: components,
            isWhole: set.isAsAsked, reasons: reasons + notes + report.warnings)
    }

    private static func preview(of candidate: ForeignCandidate) -> ImportResult.Imported {
        let components = candidate.parts.map { part in
            (part.component.name, ImportResult.Component(read: read(of: part.component.name, candidate)))
        }
        return ImportResult.Imported(
            source: candidate.name, set: candidate.time, time: candidate.time,
            components: Dictionary(components) { $1 }, isWhole: true, reasons: [])
    }

    private static func read(of component: String, _ candidate: ForeignCandidate) -> [String] {
        candidate.parts.filter { $0.component.name == component }.flatMap { $0.files.map(\.record.path) }
    }

    /// True if the other backups can be imported all the same.
    private static func concernsOneBackup(_ error: any OperationError) -> Bool {
        switch error {
        case let error as BackupFailure: !error.isStoreFull
        case let error as ObjectStoreError: error.reason == .notFound || error.reason == .truncated
        case is RepositoryError, is UsageError: false
        default: error.reasonCode != "component_no_space"
        }
    }

    private static func message(of error: any OperationError) -> String {
        guard let failure = error as? BackupFailure else { return "\(error)" }
        return failure.reasons.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
    }
}
