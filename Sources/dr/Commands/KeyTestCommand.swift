import ArgumentParser
import Operations

/// `dr key test`.
struct KeyTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Test that a recovery key opens the newest backups.",
        discussion: """
            For each component, dr opens the header of the newest pack, and reads, decrypts and verifies the smallest \
            pack. That takes seconds. Without --recovery-key, dr tests the key that lies beside the certificate of a \
            recipient in dr.yaml: KEY beside KEY.crt. `dr verify --read-data --recovery-key` reads everything. dr records the test in \
            the repository: `dr status` and `dr doctor` show when each recipient was tested, and warn after 90 days. \
            Exit code 4: the key does not open the backups of a component.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var source: StoreOptions

    @OptionGroup var key: RecoveryKeyOptions

    @Option(
        name: .long,
        help: "Certificate of the key, PEM (default: the one in dr.yaml, else the key's name with .crt).",
        completion: .file())
    var certificate: String?

    @Option(name: .long, help: ArgumentHelp("Backup set: \(SetSelector.words).", valueName: "set"))
    var at: SetSelector = .latest

    func run() async throws {
        try await recorded(
            as: .keyTest, options, session: { try await Session(options, source, key: key) }, work)
    }

    private func work(_ session: Session) async throws {
        var session = session
        let recoveryKey = try key.recoveryKey ?? session.keyBesideRecipient()
        session.recoveryKey = recoveryKey
        let repository = try await session.repository(allowsClear: true)
        let selection = try await session.selection(at, of: nil, in: repository)
        let test = KeyTestRun(session: session, repository: repository, keyFile: recoveryKey)
        let result = try await test.run(selection, certificate: certificate)
        let output = Output(options: options)
        await session.noteStack(repository, telling: output)
        try output.result(result) { result.text }
        if !result.passed { throw ExitStatus.checkFailed }
    }
}
