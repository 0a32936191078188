import ArgumentParser
import Documents
import FoundationEssentials
import Mover
import Operations
import Platform

/// The commands of the pods that dr starts beside the data of a component.
struct MoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mover",
        abstract: "Work on a volume for another dr (dr itself runs these commands in pods).",
        shouldDisplay: false,
        subcommands: [MoverServe.self, MoverAttach.self, MoverAbsence.self, MoverPart.self])
}

struct MoverServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Wait for the coordinator's dr, and work on the mounted volume for it.")

    @Option(name: .long, help: "Path of the Unix socket to listen on.")
    var socket: String

    @Option(name: .long, help: "Time without a coordinator after which the mover ends. Default: 10m.")
    var idle: String = "10m"

    func run() async throws {
        guard let idle = try? Period(idle) else { throw ValidationError("--idle takes a length of time such as 10m") }
        let pool = BlockingPool(threads: 32)
        let folder = socket.folderOfPath
        let service = MoverService(kinds: supportedKinds, folder: folder, pool: pool)
        let server = MoverServer(at: socket, idle: idle.duration, answering: service, pool: pool)
        try await pool.run { try server.run() }
    }
}

struct MoverAttach: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Connect standard input and output to a mover.")

    @Option(name: .long, help: "Path of the mover's Unix socket.")
    var socket: String

    func run() throws { try MoverAttachment.run(socket: socket) }
}

struct MoverAbsence: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "absence", abstract: "Print the seconds since a mover last had its coordinator.")

    @Option(name: .long, help: "Path of the mover's Unix socket.")
    var socket: String

    func run() throws {
        guard let absence = MoverPresence(socket: socket).absence else {
            throw UsageError("no mover listens on '\(socket)'")
        }
        try StandardOutput.write(exactly: "\(absence)\n")
    }
}

struct MoverPart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Store one component's part of another dr's backup run, with this configuration.")

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Name of the component.")
    var component: String

    @Option(name: .long, help: "Data directory in this pod. Default: that of the configuration.")
    var data: String?

    @Option(
        name: .long,
        help: "Number of processes that store the component. This one has the share JOB_COMPLETION_INDEX. Default: 1.")
    var shards: Int?

    func run() async throws {
        let session = try Session(options).limited(.backup, among: shards ?? 1).askingOnce
        let part = try ComponentPart(session, component: component, data: data, shards: shards)
        // Pods have a machine each, and workers share one.
        if data == nil, let shards { session.limitMemory(among: shards.addingClamped(1)) }
        let environment = ProcessInfo.processInfo.environment
        try await part.run(try ComponentPart.job(in: environment), environment: environment) { line in
            try? StandardOutput.write(exactly: line + "\n")
        }
    }
}
