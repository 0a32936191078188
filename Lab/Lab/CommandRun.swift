package import Foundation
internal import Glibc
internal import Platform

/// A finished run of a program, with its output.
package struct CommandRun: Sendable {
    package var status: Int32
    package var output: String
    package var errors: String
    package var duration: Duration

    /// - Parameters:
    ///   - kill: the time after which it sends SIGKILL and reports status 9.
    /// - Throws: an error if the program cannot be started. A non-zero status is a result.
    package static func run(
        _ executable: String, _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:],
        killAfter kill: Duration? = nil
    ) async throws -> CommandRun {
        // Output goes to files: a pipe would have to be drained while the program writes.
        let scratch = try TemporaryFolder("run")
        let files = ["out", "err"].map { scratch.url.appending(path: $0) }
        for file in files { try Data().write(to: file) }
        let started = ContinuousClock.now
        let status = try await ChildProcess.endingOnCancellation { child in
            try await pool.run {
                let process = Process()
                process.executableURL = URL(filePath: executable)
                process.arguments = arguments
                process.currentDirectoryURL = folder
                process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
                process.standardInput = FileHandle.nullDevice
                process.standardOutput = try FileHandle(forWritingTo: files[0])
                process.standardError = try FileHandle(forWritingTo: files[1])
                try process.run()
                child.started(process.processIdentifier)
                if let kill {
                    let deadline = ContinuousClock.now + kill
                    while process.isRunning, ContinuousClock.now < deadline { usleep(2_000) }
                    if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
                }
                process.waitUntilExit()
                return process.terminationStatus
            }
        }
        let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        return CommandRun(status: status, output: texts[0], errors: texts[1], duration: .now - started)
    }

    private static let pool = BlockingPool(threads: 32)
}
