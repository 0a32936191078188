import ArgumentParser
import BackupRepository
import Operations

/// The options of every command, accepted before or after the subcommand's name.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .long, help: "Configuration file (default: ./dr.yaml, then /etc/dr/dr.yaml).", completion: .file())
    var config: String?

    @Flag(name: .long, help: "Print one JSON document on standard output, and nothing else.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print results and errors only, without progress and hints.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Print details of each operation.")
    var verbose = false

    @Flag(name: .long, help: "Do not show progress.")
    var noProgress = false

    func validate() throws {
        if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other") }
    }

    /// The arguments as the parser wants them: global options behind the subcommand, and options whose value may be
    /// omitted as options that take one.
    static func normalized(_ arguments: [String]) -> [String] {
        let arguments = movedBehindSubcommand(arguments)
        return arguments.indices.map { index in
            let argument = arguments[index]
            if argument.hasPrefix("--read-data=") { return "--read-data-share=" + argument.dropFirst(12) }
            if argument.hasPrefix("--resume=") { return "--resume-run=" + argument.dropFirst(9) }
            let next = arguments.index(after: index) < arguments.endIndex ? arguments[index + 1] : "-"
            return argument == "--resume" && !next.hasPrefix("-") ? "--resume-run" : argument
        }
    }

    /// Commands that only group other commands.
    private static var groups: Set<String> {
        let commands: [any ParsableCommand.Type] = DR.configuration.subcommands
        let groups = commands.filter { !$0.configuration.subcommands.isEmpty }
        return Set(groups.compactMap { $0.configuration.commandName })
    }

    private static func movedBehindSubcommand(_ arguments: [String]) -> [String] {
        let flags: Set = ["--json", "--quiet", "-q", "--verbose", "-v", "--no-progress"]
        var moved: [String] = []
        var rest = arguments[...]
        while let first = rest.first {
            if flags.contains(first) || first.hasPrefix("--config=") {
                moved.append(first)
                rest.removeFirst()
            } else if first == "--config", rest.count > 1 {
                moved += rest.prefix(2)
                rest.removeFirst(2)
            } else {
                break
            }
        }
        guard let subcommand = rest.first, !subcommand.hasPrefix("-") else { return arguments }
        // Commands that only group others take no options themselves.
        let names = groups.contains(subcommand) ? 2 : 1
        return rest.prefix(names) + moved + rest.dropFirst(names)
    }
}

extension GlobalOptions {
    /// The options that concern output.
    var output: OutputOptions {
        var output = OutputOptions()
        (output.json, output.quiet, output.verbose, output.noProgress) = (json, quiet, verbose, noProgress)
        return output
    }
}

extension Session {
    /// Reads the configuration that the options name.
    init(_ options: GlobalOptions) throws {
        try self.init(options.output, configuration: options.config, kinds: supportedKinds)
        limitMemory()
    }
}

extension Output {
    init(options: GlobalOptions) { self.init(options: options.output) }
}

extension ProgressDisplay {
    init(options: GlobalOptions, work: [(name: String, progress: WorkProgress)]) {
        self.init(options: options.output, work: work)
    }
}
