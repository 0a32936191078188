internal import Foundation
package import Lab
internal import ObjectStorage
internal import Platform

/// The built program, run on a hostile repository: everything between the readers and the terminal.
package struct CommandTarget: FuzzTarget {
    package static let name = "command"
    private let repositories: RepositoryTarget
    private let program: String
    private let pool: BlockingPool

    private static let commands: [[String]] = [
        ["list"], ["list", "--json"], ["show", "latest"], ["show", "latest", "--component", "tree", "--files"],
        ["status"], ["stats"], ["verify", "--read-data"], ["backup", "--no-prune"], ["prune", "--dry-run"], ["prune"],
        ["restore", "--component", "tree", "--to", "target"], ["doctor"],
    ]

    /// - Parameter program: the path of `dr`.
    init(_ program: String, _ repositories: RepositoryTarget, pool: BlockingPool) {
        self.program = program
        self.repositories = repositories
        self.pool = pool
    }

    /// Returns the path of `dr` in the folder of this program; nil if it is not built.
    static var builtProgram: String? {
        guard let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
        let path = URL(filePath: own).deletingLastPathComponent().appending(path: "dr").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    package func input(_ random: inout CorpusRandom) throws -> [UInt8] {
        let command = UInt8(random.below(Self.commands.count))
        return [command] + repositories.plainInput(&random)
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) async throws {
        guard let first = input.first, Int(first) < Self.commands.count else { return }
        try write(
            RepositoryObjects(reading: Array(input.dropFirst().drop { $0 != UInt8(ascii: "\n") }.dropFirst())), place)
        let command = Self.commands[Int(first)]
        let ending = try await pool.run { try Self.end(of: program, command, in: "\(place.folder)/command") }
        guard ending.signal == 0 else {
            throw FuzzFinding("dr \(command.joined(separator: " ")) ended by signal \(ending.signal): \(ending.words)")
        }
        guard !ending.isKilled else { throw FuzzFinding("dr \(command.joined(separator: " ")) did not end") }
    }

    private func write(_ objects: RepositoryObjects, _ place: FuzzPlace) throws {
        let folder = "\(place.folder)/command"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: "\(folder)/tree", withIntermediateDirectories: true)
        try Data("new".utf8).write(to: URL(filePath: "\(folder)/tree/file"))
        for (key, content) in objects.objects {
            let file = URL(filePath: "\(folder)/store/\(key)")
            try? FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try? Data(content).write(to: file)
        }
        let configuration = """
            stack: fuzz
            store: {url: "file://\(folder)/store"}
            state: \(folder)/state
            components: {tree: {kind: files, data: \(folder)/tree}}
            retention: {keep_last: 1}

            """
        try Data(configuration.utf8).write(to: URL(filePath: "\(folder)/dr.yaml"))
    }

    private struct End {
        /// The signal that ended the program; 0 for none.
        var signal: Int32
        /// True if it was killed because it did not end.
        var isKilled: Bool
        /// Its last words.
        var words: String
    }

    private static func end(of program: String, _ arguments: [String], in folder: String) throws -> End {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder, "SWIFT_BACKTRACE": "enable=no"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let errors = "\(folder)/errors"
        try Data().write(to: URL(filePath: errors))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
        try process.run()
        let deadline = Date(timeIntervalSinceNow: 50)
        while process.isRunning, Date() < deadline { usleep(2000) }
        let isKilled = process.isRunning
        if isKilled { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        let text = String(decoding: try Data(contentsOf: URL(filePath: errors)), as: UTF8.self)
        let signal = process.terminationReason == .uncaughtSignal && !isKilled ? process.terminationStatus : 0
        return End(signal: signal, isKilled: isKilled, words: String(text.suffix(200)))
    }
}
