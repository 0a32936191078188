import ArgumentParser
import Documents
import Operations
import Platform
import StackConfiguration

extension BucketPolicy.Server: ExpressibleByArgument {}
extension StoreRole: ExpressibleByArgument {}

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Print the policy that gives store credentials the least rights that a role needs.",
        discussion: """
            Prints a policy in the language of AWS IAM for the bucket and prefix of dr.yaml. Attach it to the user whose \
            keys the machine of that role holds:
              backup   add objects; delete or replace none (`dr backup --no-prune`)
              prune    delete objects; write marks only (`dr prune`, `dr pin`, `dr drop`)
              verify   read; write marks only (`dr verify`, `dr drill`)
              restore  read only (`dr restore`, `dr list`, `dr status`)
            `dr doctor --role backup` then shows whether the credentials can do more than that.
            """)

    @Argument(help: "Server: aws, minio or seaweedfs.")
    var server: BucketPolicy.Server

    @Option(name: .long, help: "Role of the credentials: backup, prune, verify or restore.")
    var role: StoreRole

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        guard case .s3(let bucket, let prefix) = session.configuration.store.url else {
            throw ValidationError(
                "the store \(session.configuration.store.url) is a directory: policies are for buckets; use owners and modes"
            )
        }
        let policy = BucketPolicy(
            for: role, on: server, bucket: bucket, prefix: prefix, locks: session.configuration.store.lock != nil)
        let output = Output(options: options)
        // The policy is JSON with and without --json: it is the file that the server takes.
        try StandardOutput.write(exactly: String(decoding: policy.document.document, as: UTF8.self))
        for line in policy.shortcomings { output.warn(line) }
    }
}
