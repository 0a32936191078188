import ArgumentParser
import BackupRepository
import Operations
import Platform
import StackConfiguration

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prove that what the sets name is there and is what it was.",
        discussion: """
            Without --read-data: every document by its hash, every pack by presence and size. With it: every stored \
            byte, every gzip checksum, every file's SHA-256; only that makes a set a verified one. Exit code 4 when \
            something is damaged.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Only this set: \(SetSelector.words). All by default.")
    var set: SetSelector?

    @Flag(name: .long, help: "Read every stored byte; --read-data=5% reads a random share of the packs.")
    var readData = false

    @Option(name: .customLong("read-data-share"), help: .hidden)
    var shareText: String?

    @Option(
        name: .long,
        help: "The private key that opens encrypted packs, PEM; its passphrase is taken from DR_RECOVERY_PASSPHRASE.",
        completion: .file())
    var recoveryKey: String?

    func validate() throws { _ = try share() }

    private func share() throws -> Double {
        guard let shareText else { return readData ? 1 : 0 }
        guard shareText.hasSuffix("%"), let percent = Double(shareText.dropLast()), percent > 0, percent <= 100 else {
            throw ValidationError("--read-data takes a share such as 5%, above 0% and up to 100%")
        }
        return percent / 100
    }

    func run() async throws {
        let session = try Session(options)
        let repository = try await session.repository(recoveryKey: recoveryKey)
        let progress = WorkProgress()
        var verification = Verification(repository: repository, pool: session.pool, progress: progress)
        verification.lanes = Session.lanes
        verification.share = try share()
        verification.restorers = try session.inspectors()
        verification.lastCommitted = try? session.state(of: repository).lastSet()
        if let set { verification.only = try await session.set(set, in: repository).name }
        let display = ProgressDisplay(options: options, work: [("", progress)])
        let report = try await display.during { [verification] in try await verification.run() }
        let output = Output(options: options)
        do { try await mark(report, in: repository, session: session) } catch {
            output.warn("what was verified could not be noted: \(error)")
        }
        for note in report.notes { output.note("note: \(note)") }
        try output.result(report) { text(report) }
        if !report.findings.isEmpty { throw ExitStatus.checkFailed }
    }

    /// Notes which sets were proved, and which were found damaged.
    private func mark(_ report: Verification.Report, in repository: Repository, session: Session) async throws {
        let damaged = Set(report.findings.flatMap(\.sets))
        // Damage of which it is not known whose it is speaks against all.
        let isKnown = report.findings.allSatisfy { !$0.sets.isEmpty }
        let good = isKnown ? report.setsRead.filter { !damaged.contains($0) } : []
        guard !good.isEmpty || !damaged.isEmpty else { return }
        let share = try share()
        let mark = VerifiedMark(
            at: session.now(), tool: Release.tool, level: share == 1 ? .data : .structure, share: share,
            good: good.sorted(), damaged: damaged.sorted())
        _ = try await session.pool.run { try Marks(repository).put(mark) }
    }

    private func text(_ report: Verification.Report) -> String {
        var lines = ["\(report.sets) sets, \(report.manifests) manifests and \(report.packs) pack indexes read"]
        if report.packsRead > 0 {
            lines.append(
                "\(report.packsRead) packs read whole, \(Units.bytes(report.bytesRead)), \(report.filesRead) contents hashed"
            )
        }
        if report.packsSealed > 0 {
            lines.append(
                "\(report.packsSealed) of them are encrypted: every stored byte is proved, the contents were not opened (--recovery-key)"
            )
        }
        for finding in report.findings {
            let sets = finding.sets.prefix(3).map(\.description).joined(separator: ", ")
            let more = finding.sets.count > 3 ? " and \(finding.sets.count - 3) more" : ""
            lines.append(
                "DAMAGED '\(finding.object)': \(finding.reason)\(sets.isEmpty ? "" : " (in sets: \(sets)\(more))")")
        }
        lines.append(report.findings.isEmpty ? "no damage found" : "\(report.findings.count) objects are damaged")
        return lines.joined(separator: "\n")
    }
}
