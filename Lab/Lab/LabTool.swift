internal import Foundation
internal import Platform

/// Finds the lab's programs in the folder that `DR_TOOLS` names, in the checkout's `.tools/bin`, or in the `PATH`.
package enum LabTool {
    package static func path(_ name: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let folders =
            [environment["DR_TOOLS"], Checkout.url(".tools/bin").path].compactMap { $0 }
            + (environment["PATH"] ?? "/usr/bin").split(separator: ":").map(String.init)
        let candidates = folders.map { "\($0)/\(name)" }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw LabError("no program '\(name)'\nhint: set DR_TOOLS to the folder that contains it")
        }
        return found
    }

    /// Returns true if the program is installed, so that tests that need it can run.
    package static func isInstalled(_ name: String) -> Bool { (try? path(name)) != nil }

    /// Returns the output of a program, for any exit status.
    package static func output(_ executable: String, _ arguments: [String]) async throws -> String {
        try await threads.run {
            let process = Process(), pipe = Pipe()
            process.executableURL = URL(filePath: executable)
            process.arguments = arguments
            process.standardOutput = pipe
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: output, as: UTF8.self)
        }
    }

    private static let threads = BlockingPool(threads: 2)

    /// Retries the start of a server, because another program may take a free port in the meantime.
    static func retrying<Server: Sendable>(
        _ start: () async throws -> Server, check: (Server) async throws -> Void
    ) async throws -> Server {
        var failure: (any Error)?
        for _ in 0..<3 {
            do {
                let server = try await start()
                try await check(server)
                return server
            } catch {
                failure = error
            }
        }
        throw failure ?? LabError("no server")
    }
}
