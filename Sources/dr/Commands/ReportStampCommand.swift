import ArgumentParser
import Cryptography
import Documents
import Operations
import Platform
import Reporting
import StackConfiguration

/// `dr report stamp FILE`.
struct ReportStampCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stamp", abstract: "Add a time stamp of an authority to a report.",
        discussion: """
            Verifies the report first, sends its SHA-256 to the authority under `evidence: timestamp:` in dr.yaml, or \
            to that of --authority, and stores the answer beside the report, as report.json.tsr. `openssl ts -verify` \
            accepts that file too. Drills stamp their reports themselves; use this command if the authority was away.
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "Report file.", completion: .file())
    var file: String

    @Option(name: .long, help: "URL of the authority (RFC 3161); needs --timestamp-ca.")
    var authority: String?

    @Option(
        name: .long, help: "PEM certificates of the authority, or of the issuers of its certificate.",
        completion: .file())
    var timestampCA: String?

    @Flag(name: .long, help: "Replace an existing time stamp.")
    var replace = false

    func validate() throws {
        if (authority == nil) != (timestampCA == nil) {
            throw ValidationError("--authority and --timestamp-ca must be used together")
        }
    }

    func run() async throws {
        let authority = try TimeStampAuthority(try settings())
        let pool = BlockingPool(threads: 2)
        let (file, replace) = (file, replace)
        let stamped = try await pool.run {
            let content = try ReportStamp.content(of: file, replaces: replace)
            let stored = try ReportStamp.store(authority.stamp(content), of: file)
            return StampedReport(file: stored, stamp: try ReportVerification.stamp(beside: file))
        }
        try Output(options: options).result(stamped) { stamped.text }
    }

    private func settings() throws -> TimeStampConfiguration {
        if let authority, let timestampCA {
            guard authority.hasPrefix("http://") || authority.hasPrefix("https://") else {
                throw UsageError("--authority must be an http:// or https:// URL")
            }
            var settings = TimeStampConfiguration()
            (settings.url, settings.ca) = (authority, timestampCA)
            return settings
        }
        guard let settings = try Session(options).configuration.evidence.timestamp else {
            throw UsageError("dr.yaml has no `evidence: timestamp:`: use --authority and --timestamp-ca")
        }
        return settings
    }
}
