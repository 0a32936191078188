import ArgumentParser
import BackupRepository
import FoundationEssentials
import Operations
import Platform
import StackConfiguration

/// Groups the commands of the ledger.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract:
            "List or verify the ledger of all backups, verifications, drills, recoveries, rehearsals, heals and imports.",
        subcommands: [LedgerListCommand.self, LedgerVerify.self], defaultSubcommand: LedgerListCommand.self)
}

/// `dr ledger`.
struct LedgerListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the entries of the ledger, newest first.",
        discussion: """
            Each run adds an entry to the ledger in the repository, also if it failed. A drill and a recovery add one \
            at their begin too. `dr ledger verify` checks that no entry is missing or changed.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var key: RecoveryKeyOptions

    @OptionGroup var period: PeriodOptions

    @Option(
        name: .long, parsing: .singleValue,
        help: "List only entries of this activity; may be repeated (default: all).")
    var activity: [LedgerEntry.Activity] = []

    func run() async throws {
        let session = try await Session(options, source, key: key)
        var list = LedgerList()
        (list.from, list.to) = try period.bounds(now: session.now())
        list.activities = Set(activity)
        var stream = JSONStream(options.json ? "entries" : nil)
        if !options.json { try StandardOutput.write(LedgerList.Row.titles + "\n") }
        try await list.forEach(in: session) { row in try stream.add(row) { row.text } }
        try stream.end()
    }
}

/// `dr ledger verify`.
struct LedgerVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verify that no entry of the ledger is missing, moved or changed.",
        discussion: """
            dr reads all entries, follows the chain of their SHA-256, and checks their signatures. It compares them \
            with the entries that the backup sets and this host name. Exit code 4: an entry is missing, was exchanged, \
            or is not signed by a trusted signer.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions
    @OptionGroup var key: RecoveryKeyOptions

    func run() async throws {
        let proof = try await LedgerProof(try await Session(options, source, key: key))
        try Output(options: options).result(proof) { proof.text }
        if !proof.isGood { throw ExitStatus.checkFailed }
    }
}

/// The first and the last time of a period.
struct PeriodOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "Begin of the period: a date such as 2026-11-01 (UTC), RFC 3339, or an age such as 30d (default: none).")
    var from: BoundArgument?

    @Option(name: .long, help: "End of the period, in the same forms; a date includes its whole day (default: none).")
    var to: BoundArgument?

    /// - Throws: `ValidationError` if the period ends before it begins.
    func bounds(now: Timestamp) throws -> (from: Timestamp?, to: Timestamp?) {
        let (first, last) = (from?.first(now: now), to?.last(now: now))
        if let first, let last, last < first { throw ValidationError("--from is after --to") }
        return (first, last)
    }
}

/// A day or a time on the command line.
enum BoundArgument: ExpressibleByArgument {
    case day(Timestamp)
    case time(MomentArgument)

    init?(argument: String) {
        if let day = Timestamp(argument.replacing("-", with: "") + "T000000Z"), argument.utf8.count == 10 {
            self = .day(day)
        } else if let time = MomentArgument(argument: argument) {
            self = .time(time)
        } else {
            return nil
        }
    }

    func first(now: Timestamp) -> Timestamp {
        switch self {
        case .day(let day): day
        case .time(let time): Timestamp(seconds: time.seconds(now: now))
        }
    }

    func last(now: Timestamp) -> Timestamp {
        switch self {
        case .day(let day): Timestamp(seconds: day.seconds + 86_399)
        case .time(let time): Timestamp(seconds: time.seconds(now: now))
        }
    }
}

extension LedgerEntry.Activity: ExpressibleByArgument {}
