package import BackupRepository
import Cryptography
import FoundationEssentials
import ObjectStorage
import Platform
package import RecoveryPlan
import StackConfiguration

/// The entries of one run in the ledger.
///
/// A run leaves a note in the state folder first. If the process dies or the store is away, the next run of this host writes
/// the entry. The ledger never makes a run fail: each failure is a warning.
package struct LedgerRun {
    private let session: Session
    private let output: Output
    /// The entry of the end, which callers complete.
    package var entry: LedgerEntry
    /// The entry in which the run began, and the head before it; nil if it wrote none.
    package private(set) var begun: LedgerBegin?
    private var note: LedgerNote?
    private let start = ContinuousClock.now
    private let isActive: Bool

    /// Leaves the note, if this host knows the repository already.
    package init(
        of activity: LedgerEntry.Activity, in session: Session, telling output: Output, run: String = RandomID.make()
    ) {
        self.session = session
        self.output = output
        entry = LedgerEntry(
            activity, .begun, run: run, at: session.now(), host: RunHolder.current.host, tool: Release.tool)
        // A machine without a configuration does not write to the store.
        isActive = !session.isWithoutConfiguration && session.recorded == nil
        guard isActive else { return }
        // A directory that is not mounted cannot be opened.
        let location = (try? session.store().location) ?? "\(session.configuration.store.url)"
        guard
            let id = StateFolder.knownRepository(at: session.address(ofStoreAt: location), in: session.stateRoot),
            let state = try? StateFolder(session.stateRoot, repositoryID: id)
        else { return }
        leaveNote(in: state)
    }

    private mutating func leaveNote(in state: StateFolder) {
        guard note == nil else { return }
        do { note = try LedgerNote(entry, in: state) } catch {
            output.warn("the note for the ledger could not be written: \(error)")
        }
    }

    /// Writes the entries that earlier runs could not write.
    /// - Parameter announces: true to write an entry that this run begins, so that a run without an end is seen.
    package mutating func begin(in repository: Repository, announces: Bool = false) async {
        guard isActive else { return }
        if let refusal = RunLedger(repository).refusal(at: session.now()) {
            output.note("note: this run is not recorded in the ledger: it must be signed, and \(refusal)")
            note?.remove()
            note = nil
            return
        }
        do {
            let state = try session.state(of: repository)
            leaveNote(in: state)
            let now = session.now()
            for finding in try await session.pool.run({ try Self.writeLeft(in: repository, state, now: now) }) {
                warn(of: finding)
            }
            guard announces else { return }
            let appended = try await append(entry, in: repository, state)
            entry.begun = appended.head.number
            begun = LedgerBegin(
                number: appended.head.number, previousNumber: appended.previous?.number,
                previous: appended.previous?.sha256.hex)
            try note?.write(entry)
        } catch {
            output.warn("the ledger could not be written; the next run of this host writes the entry: \(error)")
        }
    }

    /// Writes the entry of the end.
    /// - Parameters:
    ///   - repository: nil if it could not be opened: the next run then writes the entry.
    ///   - complete: adds the results to the entry.
    package mutating func end(
        _ verdict: String, exitCode: Int, in repository: Repository?, _ complete: (inout LedgerEntry) -> Void = { _ in }
    ) async {
        guard isActive, note != nil || repository != nil else { return }
        if let repository, RunLedger(repository).refusal(at: session.now()) != nil { return }
        entry.phase = .ended
        entry.at = session.now()
        entry.verdict = verdict
        entry.exitCode = exitCode
        entry.seconds = ((ContinuousClock.now - start) / .milliseconds(1)).rounded() / 1000
        complete(&entry)
        entry.reason = entry.reason.map { LedgerEntry.shortened(String($0.prefix { !$0.isNewline })) }
        do {
            try note?.write(entry)
            // An interrupted command must end soon, and must not wait for the store.
            guard let repository, !Task.isCancelled else { return }
            _ = try await append(entry, in: repository, try session.state(of: repository))
            note?.remove()
            note = nil
        } catch {
            output.warn("the result is not in the ledger yet; the next run of this host writes it: \(error)")
        }
    }

    /// Removes the note: the run wrote no entry, and gets none.
    mutating func withdraw() {
        note?.remove()
        note = nil
    }

    /// Looks for the newest entry, if this machine knows none yet, so that ``begin(in:announces:)`` need not. It fails
    /// silently: the run then looks itself.
    static func learnHead(of repository: Repository, in session: Session) async {
        guard !session.isWithoutConfiguration, session.recorded == nil,
            RunLedger(repository).refusal(at: session.now()) == nil,
            let state = try? session.state(of: repository), state.ledgerHead() == nil
        else { return }
        try? await session.pool.run {
            if let head = try RunLedger(repository).newest() { try state.recordLedgerHead(head) }
        }
    }

    private func append(
        _ entry: LedgerEntry, in repository: Repository, _ state: StateFolder
    ) async throws -> RunLedger.Appended {
        let appended = try await session.pool.run {
            let appended = try RunLedger(repository).append(entry, after: state.ledgerHead())
            try state.recordLedgerHead(appended.head)
            return appended
        }
        if let finding = appended.finding { warn(of: finding) }
        return appended
    }

    private func warn(of finding: String) { output.warn("\(finding)\nhint: run `dr ledger verify`") }

    /// The time for the entries of dead runs.
    private static let patience = Duration.seconds(10)

    /// Writes the entries of dead runs. Blocks.
    /// - Returns: contradictions that it met.
    private static func writeLeft(
        in repository: Repository, _ state: StateFolder, now: Timestamp
    ) throws -> [String] {
        var findings: [String] = []
        let ledger = RunLedger(repository)
        let deadline = ContinuousClock.now + patience
        // The present run must not wait long for those before it; the next one writes the rest.
        for left in try LedgerNote.left(in: state) where ContinuousClock.now < deadline {
            var entry = left.leftEntry
            if entry.phase == .abandoned { entry.at = now }
            if try !ledger.holds(entry, after: left.head) {
                let appended = try ledger.append(entry, after: state.ledgerHead())
                try state.recordLedgerHead(appended.head)
                findings += [appended.finding].compactMap { $0 }
            }
            left.remove()
        }
        return findings
    }
}
