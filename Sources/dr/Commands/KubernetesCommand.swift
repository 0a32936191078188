import ArgumentParser
import Operations

/// Groups the commands that run dr in a cluster.
struct KubernetesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubernetes", abstract: "Run dr in a Kubernetes cluster.", subcommands: [Manifests.self])

    struct Manifests: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print or write the objects that run dr in a cluster: kustomization, Helm chart or plain YAML.",
            discussion: """
                CronJobs for backup, verification, sample, drill and restore (suspended), their service accounts with the \
                least permissions, network policies, and a ConfigMap with dr.yaml and the files that it names. Secrets are \
                yours. A second run changes nothing.
                """)

        @OptionGroup var options: GlobalOptions
        @OptionGroup var cluster: ClusterOptions

        @Option(name: .long, help: "Form of the objects: kustomize, helm or yaml.")
        var output = ClusterManifests.Form.kustomize

        @Option(
            name: .long, help: "Folder for the files (default: print them on standard output).", completion: .directory)
        var directory: String?

        @Flag(name: .long, help: "Show what would be written to the folder, and write nothing.")
        var dryRun = false

        func validate() throws {
            if dryRun, directory == nil { throw ValidationError("--dry-run needs --directory") }
        }

        func run() async throws {
            let session = try Session(options)
            let manifests = ClusterManifests(try cluster.settings(session))
            let files = manifests.files(output)
            guard let directory else {
                // Plain YAML is one stream for `kubectl apply -f -`.
                return try Output(options: options).result(Printed(form: output, files: files)) {
                    files.map { output == .yaml ? $0.content : "# ----- \($0.name)\n\($0.content)" }
                        .joined(separator: "\n")
                }
            }
            let installation = ScheduleInstallation(form: output.rawValue, folder: directory, isDryRun: dryRun)
            let result = try installation.run(files, next: manifests.next(output, in: directory))
            try Output(options: options).result(result) { result.text }
        }

        private struct Printed: Encodable {
            var form: ClusterManifests.Form
            var files: [ScheduleFile]
        }
    }
}

extension ClusterManifests.Form: ExpressibleByArgument {}
