import ArgumentParser
import Cryptography
import Foundation
import Operations
import Platform
import Reporting

/// Holds the commands about evidence together.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make the evidence of a recovery or drill, sign it, or prove that a report was not altered.",
        subcommands: [ReportMake.self, ReportSign.self, ReportVerify.self], defaultSubcommand: ReportMake.self)
}

/// `dr report RUN`.
struct ReportMake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "Make the evidence of a run from its journal.",
        discussion: """
            Writes JSON, which is the source of truth, and a page, Markdown and JUnit made from it. Corrective actions \
            come from actions.yaml beside the journal, or from --actions: a list of {action, owner, due}. --pdf needs \
            Chromium on this machine.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The run, as `dr restore --scenario` and `dr drill` name it; the newest when left out.")
    var run: String?

    @Option(name: .long, help: "The folder to write to; beside the journal by default.", completion: .directory)
    var to: String?

    @Option(name: .long, parsing: .singleValue, help: "Only this format: json, html, md, xml; may be given again.")
    var format: [ReportFormat] = []

    @Option(name: .long, help: "A file of corrective actions.", completion: .file())
    var actions: String?

    @Flag(name: .long, help: "Also as PDF, printed by Chromium.")
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
        commandName: "sign", abstract: "Put a name under a report that holds.",
        discussion: """
            The report is verified first; then a detached CMS signature over its JSON is written beside that, as \
            report.json.p7s, which `openssl cms -verify` reads too. Needs no configuration. The passphrase of an \
            encrypted key is taken from DR_SIGNING_PASSPHRASE.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The report.", completion: .file())
    var file: String

    @Option(name: .long, help: "The signer's certificate, PEM.", completion: .file())
    var certificate: String

    @Option(name: .long, help: "The private key of that certificate, PEM.", completion: .file())
    var key: String

    @Flag(name: .long, help: "Put it in the place of a signature that is there.")
    var replace = false

    func run() async throws {
        let signer = try SigningIdentity.load(certificate: certificate, privateKey: key) {
            ProcessInfo.processInfo.environment["DR_SIGNING_PASSPHRASE"].map { Array($0.utf8) }
        }
        let signed = SignedReport(
            file: try ReportSignature.sign(file, by: signer, replaces: replace), signer: signer.certificate.subject)
        try Output(options: options).result(signed) { "wrote \(signed.file), signed by \(signed.signer)" }
    }
}

/// `dr report verify FILE`.
struct ReportVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove, offline, that a report says what its journal says and was not altered.",
        discussion: """
            A report carries its journal, a chain of hashes, and is worked out again from it: every byte must be the \
            same. Needs no configuration. For a page, Markdown or JUnit the JSON of the same name must lie beside it. \
            A signature that lies there too must fit; --certificate asks for one. Exit code 4 when it proves nothing.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The report.", completion: .file())
    var file: String

    @Option(name: .long, help: "The journal itself: the report must carry the very same.", completion: .file())
    var journal: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: "PEM certificates: one of them, or one that they vouch for, must have signed it; may be given again.",
        completion: .file())
    var certificate: [String] = []

    func run() throws {
        let trusted = try certificate.flatMap { try X509Certificate.load($0) }
        let proof = try ReportProof(file, journal: journal, trusting: trusted)
        try Output(options: options).result(proof) { proof.text }
    }
}
