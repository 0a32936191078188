import ArgumentParser
import Cryptography
import Documents
import FoundationEssentials
import Operations
import Platform
import Reporting

/// Groups the evidence commands.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make, sign, stamp or verify the evidence of a recovery or drill, or of a period.",
        subcommands: [
            ReportMake.self, ReportSign.self, ReportStampCommand.self, ReportPack.self, ReportVerify.self,
            ReportControls.self,
        ], defaultSubcommand: ReportMake.self)
}

/// `dr report RUN`.
struct ReportMake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "Make the evidence report of a run from its journal.",
        discussion: """
            Writes JSON, which is the authoritative form, and HTML, Markdown and JUnit made from it. Corrective actions \
            come from actions.yaml beside the journal, or from --actions: a list of {action, owner, due}. --pdf needs \
            Chromium on this machine.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Id of the run, as `dr restore --scenario` and `dr drill` print it (default: the newest).")
    var run: String?

    @Option(name: .long, help: "Folder for the report (default: the journal's folder).", completion: .directory)
    var to: String?

    @Option(name: .long, parsing: .singleValue, help: "Write only this format: json, html, md, xml; may be repeated.")
    var format: [ReportFormat] = []

    @Option(name: .long, help: "File of corrective actions.", completion: .file())
    var actions: String?

    @Flag(name: .long, help: "Also write a PDF file with Chromium.")
    var pdf = false

    func run() async throws {
        let session = try Session(options)
        let files = ReportFiles(state: session.stateRoot)
        let source = try files.source(run, actions: actions)
        let written = try await session.pool.run {
            try files.write(source, to: to, format.isEmpty ? ReportFormat.allCases : format, pdf: pdf)
        }
        let output = Output(options: options)
        try output.result(written) { written.text }
    }
}

/// `dr report sign FILE`.
struct ReportSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign a report.",
        discussion: """
            Verifies the report first, then writes a detached CMS signature of its JSON beside it, as \
            report.json.p7s, and an in-toto statement in a DSSE envelope, as report.intoto.json. `openssl cms -verify` \
            and `cosign verify-blob-attestation` accept them. Does not need a configuration. The passphrase of an \
            encrypted key comes from an option or DR_SIGNING_PASSPHRASE; else dr asks at the terminal.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Report file.", completion: .file())
    var file: String

    @Option(name: .long, help: "Certificate of the signer, PEM.", completion: .file())
    var certificate: String

    @Option(name: .long, help: "Private key of that certificate, PEM.", completion: .file())
    var key: String

    @OptionGroup var passphrase: PassphraseOptions

    @Flag(name: .long, help: "Replace an existing signature.")
    var replace = false

    func run() async throws {
        try DocumentError.refuseUntrusted(key, .privateKey)
        let signer = try SigningIdentity.load(certificate: certificate, privateKey: key) {
            try Passphrases().passphrase(of: key, for: .signing, from: passphrase.source)
        }
        let files = try ReportSignature.sign(file, by: signer, replaces: replace)
        let signed = SignedReport(
            file: files.signature, attestation: files.attestation, signer: signer.certificate.subject)
        try Output(options: options).result(signed) {
            "wrote \(signed.file) and \(signed.attestation), signed by \(signed.signer)"
        }
    }
}

/// `dr report pack`.
struct ReportPack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack", abstract: "Make the evidence of a period: all runs of the ledger, and their reports.",
        discussion: """
            Writes pack.json, which is the authoritative form, pack.html made from it, the entries of the ledger as \
            they are stored, and the reports of this machine. The pack names failed, inconclusive and unfinished runs, \
            and reports that are missing or differ from the ledger. `dr report verify DIR/pack.json` verifies offline \
            that no entry is missing. Exit code 4: the ledger has a defect, or a report was altered; dr writes the \
            pack all the same.
            """)

    @OptionGroup var options: GlobalOptions

    @OptionGroup var period: PeriodOptions

    @Option(name: .long, help: "Folder for the pack.", completion: .directory)
    var folder: String

    @Option(
        name: .long, parsing: .singleValue,
        help: "Folder with reports of other hosts: RUN/report.json or report-RUN.json; may be repeated.",
        completion: .directory)
    var reports: [String] = []

    @Flag(name: .long, help: "Also write a PDF file with Chromium.")
    var pdf = false

    func run() async throws {
        let session = try Session(options)
        var maker = PackMaker(session, folder: folder)
        (maker.from, maker.to) = try period.bounds(now: session.now())
        maker.reportFolders = reports
        maker.printsPDF = pdf
        let made = try await maker.make()
        try Output(options: options).result(made) { made.text }
        if !made.isSound { throw ExitStatus.checkFailed }
    }
}

/// `dr report verify FILE`.
struct ReportVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify offline that a report matches its journal and was not altered.",
        discussion: """
            A report contains its journal, a chain of hashes. dr computes the report again from the journal, and \
            every byte must be the same. Does not need a configuration. For HTML, Markdown or JUnit, the JSON of the \
            same name must be in the same folder. If a signature, an in-toto statement or a time stamp is there too, \
            it must be valid; --certificate requires a signature, --timestamp-ca a time stamp. A pack of a period \
            (pack.json) must be complete: each entry of the ledger follows the one before it; --timestamp-ca applies \
            to its reports. Exit code 4: the \
            verification failed.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Report file.", completion: .file())
    var file: String

    @Option(name: .long, help: "Journal file that the report must contain unchanged.", completion: .file())
    var journal: String?

    @Option(
        name: .long, parsing: .singleValue,
        help:
            "PEM certificates: require a signature by one of them, or by a certificate that one of them issued; may be repeated.",
        completion: .file())
    var certificate: [String] = []

    @Option(
        name: .long, parsing: .singleValue,
        help:
            "PEM certificates: require a time stamp by an authority that has one of them, or whose certificate one of them issued; may be repeated.",
        completion: .file())
    var timestampCA: [String] = []

    @Flag(name: .long, help: "Compare a pack with the ledger in the repository of dr.yaml.")
    var withRepository = false

    func run() async throws {
        let trusted = try certificate.flatMap { try X509Certificate.load($0) }
        let authorities = try timestampCA.flatMap { try X509Certificate.load($0) }
        if PackVerification.isPack(file) {
            guard journal == nil else {
                throw ValidationError("--journal does not apply to a pack: name the report of one run")
            }
            var proof = try PackVerification(file, trusting: trusted, authorities: authorities)
            if withRepository { try await proof.compare(file, with: try Session(options)) }
            return try Output(options: options).result(proof) { proof.text }
        }
        guard !withRepository else { throw ValidationError("--with-repository needs the JSON of a pack") }
        let proof = try ReportProof(file, journal: journal, trusting: trusted, authorities: authorities)
        try Output(options: options).result(proof) { proof.text }
    }
}
