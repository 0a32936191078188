import ArgumentParser
import BackupRepository
import Operations
import Platform
import StackConfiguration

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Verify that every object the backup sets refer to exists and is intact.",
        discussion: """
            Without --read-data, dr verifies the hash of every document, and the existence and size of every pack. With \
            --read-data, it also reads every stored byte and verifies every gzip checksum and the SHA-256 of every \
            file. Only then a set counts as verified. Exit code 4: an object is damaged.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions

    @Argument(help: "Verify only this backup set: \(SetSelector.words) (default: all).")
    var set: SetSelector?

    @Flag(name: .long, help: "Read every stored byte. --read-data=5% reads a random share of the packs.")
    var readData = false

    @Option(name: .customLong("read-data-share"), help: .hidden)
    var shareText: String?

    @OptionGroup var key: RecoveryKeyOptions

    func validate() throws { _ = try share() }

    private func share() throws -> Double {
        guard let shareText else { return readData ? 1 : 0 }
        guard shareText.hasSuffix("%"), let percent = Double(shareText.dropLast()), percent > 0, percent <= 100 else {
            throw ValidationError("--read-data takes a share such as 5%, above 0% and up to 100%")
        }
        return percent / 100
    }

    func run() async throws {
        try await recorded(
            as: .verify, options, session: { try await Session(options, source, key: key).limited(.restore) }, work)
    }

    private func work(_ session: Session) async throws {
        let output = Output(options: options)
        var ledger = LedgerRun(of: .verification, in: session, telling: output)
        var opened: Repository?
        let report: Verification.Report
        do {
            let repository = try await session.repository()
            opened = repository
            await ledger.begin(in: repository)
            report = try await verified(repository, session)
            let isGood = report.findings.isEmpty && report.untrusted.isEmpty
            let share = try share()
            await ledger.end(isGood ? "good" : "damaged", exitCode: isGood ? 0 : 4, in: repository) { entry in
                entry.share = share
                entry.reason = report.findings.first.map { "'\($0.object)': \($0.reason)" }
            }
            do { try await mark(report, in: repository, session: session) } catch {
                output.warn("the result of the verification could not be recorded: \(error)")
            }
            // What a share of the packs showed, only a check of all bytes finds gone.
            session.noteDamage(
                report.findings.count { !$0.isOfOtherSigner }, depth: share > 0 ? .data : .structure,
                isComplete: set == nil && (share == 0 || share == 1), in: repository)
            let known = try await knownDamage(beyond: report, in: repository, session)
            if let newest = known.last {
                let again = StoreCommand.text("verify --read-data", inCopy: session.copyName)
                output.warn(
                    "an earlier verification found \(Units.count(known.count, "set")) damaged, the newest \(newest): this "
                        + "one read less\nhint: `\(again)` reads everything again")
            }
            session.note(report, known: known.count)
            await session.noteStack(repository, telling: output)
        } catch {
            await ledger.end("failed", exitCode: Int(ExitStatus(error).rawValue), in: opened) {
                $0.reason = error is CancellationError ? "interrupted" : "\(error)"
            }
            throw error
        }
        for note in report.notes { output.note("note: \(note)") }
        try output.result(report) { text(report, of: session) }
        if !report.findings.isEmpty || !report.untrusted.isEmpty { throw ExitStatus.checkFailed }
    }

    private func verified(_ repository: Repository, _ session: Session) async throws -> Verification.Report {
        let progress = WorkProgress()
        var verification = Verification(repository: repository, pool: session.pool, progress: progress)
        verification.lanes = session.lanes
        verification.share = try share()
        verification.restorers = try session.inspectors()
        verification.lastCommitted = try? session.state(of: repository).lastSet()
        if let set { verification.only = try await session.set(set, in: repository).name }
        if verification.share > 0 {
            try await session.requireReadable(toVerify: verification.only, in: repository)
        }
        let display = ProgressDisplay(options: options, work: [("", progress)])
        return try await display.during { [verification] in try await verification.run() }
    }

    /// The sets that a deeper verification found damaged and this one could not: its good result must not hide them.
    private func knownDamage(
        beyond report: Verification.Report, in repository: Repository, _ session: Session
    ) async throws -> [Timestamp] {
        let found = Set(report.findings.flatMap(\.sets))
        return try await session.pool.run {
            let marks = try SetMarks(Marks(repository), now: session.now())
            return report.setsRead.filter { marks[$0].isDamaged && !found.contains($0) }.sorted()
        }
    }

    /// Records the sets that were verified and the sets that are damaged.
    private func mark(_ report: Verification.Report, in repository: Repository, session: Session) async throws {
        let damaged = Set(report.findings.flatMap(\.sets))
        // Damage that belongs to an unknown set may concern every set.
        let isKnown = report.findings.allSatisfy { !$0.sets.isEmpty }
        let good = isKnown ? report.setsRead.filter { !damaged.contains($0) } : []
        let share = try share()
        let mark = VerifiedMark(
            at: session.now(), tool: Release.tool, level: share == 1 ? .data : .structure, share: share,
            good: good.sorted(), damaged: damaged.sorted())
        let notes = try await session.pool.run {
            let marks = Marks(repository)
            return try marks.record(mark)
                + marks.replace(report.findings.map(\.object), tool: Release.tool, at: session.now())
        }
        for note in notes {
            Output(options: options).note("note: \(note)")
        }
    }

    private func text(_ report: Verification.Report, of session: Session) -> String {
        var lines = [
            "\(Units.count(report.sets, "set")), \(Units.count(report.manifests, "manifest")) and "
                + (report.packs == 1 ? "1 pack index read" : "\(report.packs) pack indexes read")
        ]
        if report.packsRead > 0 {
            lines.append(
                "\(Units.count(report.packsRead, "pack")) read whole, \(Units.bytes(report.bytesRead)), \(report.filesRead) contents hashed"
            )
        }
        if report.packsSealed > 0 {
            lines.append(
                "\(report.packsSealed) of them are encrypted: every stored byte is verified, but the contents were not decrypted (add --recovery-key)"
            )
        }
        for mark in report.untrusted.prefix(10) {
            lines.append("UNTRUSTED '\(mark.object.printable)': \(mark.reason)")
        }
        if report.untrusted.count > 10 { lines.append("UNTRUSTED: \(report.untrusted.count - 10) more") }
        if !report.untrusted.isEmpty {
            lines.append(
                "These marks would hide or remove backups, and have no effect. dr did not write them: change the store's credentials, look for damage, then remove them."
            )
        }
        for finding in report.findings {
            let sets = finding.sets.prefix(3).map(\.description).joined(separator: ", ")
            let more = finding.sets.count > 3 ? " and \(finding.sets.count - 3) more" : ""
            lines.append(
                "DAMAGED '\(finding.object)': \(finding.reason)\(sets.isEmpty ? "" : " (in sets: \(sets)\(more))")")
        }
        if report.findings.contains(where: \.isOfOtherSigner) { lines.append("hint: \(RepositoryError.signerAdvice)") }
        if !report.findings.allSatisfy(\.isOfOtherSigner) {
            lines.append("hint: \(session.damageAdvice(readsData: readData || shareText != nil))")
        }
        lines.append(
            report.findings.isEmpty
                ? "no damage found"
                : "\(Units.count(report.findings.count, "object")) \(report.findings.count == 1 ? "is" : "are") damaged"
        )
        return lines.joined(separator: "\n")
    }
}
