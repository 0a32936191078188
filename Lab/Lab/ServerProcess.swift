package import Foundation
internal import Platform

/// A real server for a test or the demo, with private ports and a private folder. Its owner stops it.
///
/// The kernel kills the child when this process exits (`PR_SET_PDEATHSIG` through `setpriv`). It watches the *thread*
/// that started the child, so ``spawner`` never exits.
package final class ServerProcess: @unchecked Sendable {
    // Unchecked: only termination and the state of `process` are used, which Foundation allows from any thread.
    private let process: Process
    package let name: String
    /// The output of the server, for the message if it does not start.
    package let log: URL

    /// - Parameters:
    ///   - executable: an absolute path.
    ///   - folder: the working directory, which also contains the log as `NAME.log`.
    ///   - account: the account that runs the server; nil for the user of this process.
    package init(
        _ name: String, executable: String, arguments: [String], folder: URL, environment: [String: String] = [:],
        account: ServerAccount? = nil
    ) async throws {
        self.name = name
        log = folder.appending(path: "\(name).log")
        guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
            throw LabError("cannot write '\(log.path)'")
        }
        let output = try FileHandle(forWritingTo: log)
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setpriv")
        process.arguments = ["--pdeathsig", "KILL"] + (account?.options ?? []) + [executable] + arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try await Self.spawner.run { [process] in try process.run() }
    }

    private static let spawner = BlockingPool(threads: 1)

    /// Waiting for an exit blocks, and must not take a thread from the stand-ins that the exiting program may need.
    private static let stoppers = BlockingPool(threads: 16)

    deinit { end() }

    package var isRunning: Bool { process.isRunning }
    package var processIdentifier: Int32 { process.processIdentifier }

    /// Polls `condition` every 50 ms until it holds.
    /// - Throws: `LabError` with the end of the server's log, if the server exits or `timeout` passes first.
    package func waitUntil(timeout: Duration = Patience.long, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + timeout
        while true {
            guard process.isRunning else { throw LabError("\(name) exited before it was ready:\n\(logTail)") }
            if try await condition() { return }
            guard ContinuousClock.now < deadline else {
                throw LabError("\(name) was not ready after \(timeout):\n\(logTail)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Sends SIGTERM and waits until the program has exited: also in a cancelled task, which cleans up.
    /// - Throws: `LabError` if the program does not exit within ``Patience/long``. It is killed, and its cleanup did not
    ///   end.
    package func stop() async throws {
        let hasExited = await Self.stoppers.run { [process] in
            guard process.isRunning else { return true }
            process.terminate()
            let deadline = ContinuousClock.now + Patience.long
            while process.isRunning, ContinuousClock.now < deadline { usleep(20_000) }
            return !process.isRunning
        }
        guard hasExited else {
            end()
            throw LabError("\(name) was killed: it did not exit within \(Patience.long) of SIGTERM:\n\(logTail)")
        }
        process.waitUntilExit()
    }

    /// Sends SIGKILL and waits until the program has exited.
    package func end() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    var logTail: String {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(15).joined(separator: "\n")
    }
}

package struct LabError: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
