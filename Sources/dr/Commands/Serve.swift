import ArgumentParser
import Console
import Documents
import Operations
import Platform
import StackConfiguration

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the console: read-only web pages and an API about the backups and recoveries of this stack.",
        discussion: """
            Listens on this machine only, without a token. Another address needs a token or certificates of visitors. \
            The options replace those of `serve:` in dr.yaml. /healthz answers without a token. SIGTERM and Ctrl-C end \
            the console. With --recovery-key, visitors can download files of encrypted sets.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var key: RecoveryKeyOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Address and port to listen on; port 0 for a free one (default: 127.0.0.1:9419).", valueName: "address"))
    var listen: ListenAddress?

    @Option(
        name: .long,
        help: "File with the token that visitors need. Only you and root may be able to read it.", completion: .file())
    var tokenFile: String?

    @Option(name: .long, help: "Certificate of the console, PEM, with its chain.", completion: .file())
    var tlsCertificate: String?

    @Option(name: .long, help: "Private key of the certificate, PEM.", completion: .file())
    var tlsKey: String?

    @Option(
        name: .long,
        help: "Certificates of the authorities that sign the certificates of visitors, PEM. Needs --tls-certificate.",
        completion: .file())
    var clientCa: String?

    func validate() throws {
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key need each other")
        }
    }

    func run() async throws {
        var session = try Session(options)
        session.take(key)
        // A download may be slow, but the console stays small.
        SharedBudget.memory.limit = min(SharedBudget.memory.limit, 24 << 20)
        let files = session.configuration.serve
        let address = try listen ?? files.listen.map(Self.address) ?? .standard
        let (settings, rules) = try settings(address, files)
        try rules.check()
        let output = Output(options: options)
        if !address.isLoopback, settings.tls == nil {
            output.warn(
                "the token travels without encryption\nhint: add --tls-certificate and --tls-key, or let a proxy end TLS"
            )
        }
        let state = StackState(session)
        // The passphrase of a recovery key is asked for now, not by a background task.
        if session.recoveryKey != nil { _ = try await state.repository() }
        let site = Site(state, rules)
        let server = try WebServer(settings, answer: site.answer)
        defer {
            site.stop()
            server.stop()
        }
        output.note("console: \(settings.tls == nil ? "http" : "https")://\(server.address)/")
        // A signal ends the console as intended: exit code 0.
        await state.keepFresh()
    }

    private static func address(_ text: String) throws -> ListenAddress {
        guard let address = ListenAddress(text) else {
            throw UsageError("`serve: listen:` takes an address with a port, such as 127.0.0.1:9419")
        }
        return address
    }

    private func settings(
        _ address: ListenAddress, _ files: ConsoleConfiguration
    ) throws -> (WebServer.Settings, VisitorRules) {
        var settings = WebServer.Settings()
        settings.address = address
        if let certificate = tlsCertificate ?? files.certificate, let key = tlsKey ?? files.key {
            try DocumentError.refuseUntrusted(key, .privateKey)
            settings.tls = (key: try ConsoleFile.text(key), certificates: try ConsoleFile.text(certificate))
        }
        if let authority = clientCa ?? files.clientAuthority {
            guard settings.tls != nil else {
                throw UsageError(
                    "--client-ca needs a certificate of the console", hint: "add --tls-certificate and --tls-key")
            }
            settings.clientAuthorities = try ConsoleFile.text(authority)
        }
        if options.verbose { settings.log = { StandardError.write("\($0.printable)\n") } }
        var rules = VisitorRules(
            address: address, acceptsCertificates: settings.clientAuthorities != nil, usesTLS: settings.tls != nil,
            hosts: files.hosts)
        if let file = tokenFile ?? files.tokenFile {
            try DocumentError.refuseUntrusted(file, .privateKey)
            rules.token = try ConsoleFile.token(file)
        }
        return (settings, rules)
    }
}

extension ListenAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
