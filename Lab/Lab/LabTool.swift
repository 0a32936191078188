internal import Foundation
internal import Platform

/// Programs that the lab starts: from the folder that `DR_TOOLS` names, the checkout's `.tools/bin`, or the path.
package enum LabTool {
    package static func path(_ name: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let folders =
            [environment["DR_TOOLS"], Checkout.url(".tools/bin").path].compactMap { $0 }
            + (environment["PATH"] ?? "/usr/bin").split(separator: ":").map(String.init)
        let candidates = folders.map { "\($0)/\(name)" }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw LabError("no program '\(name)'\nhint: set DR_TOOLS to the folder that holds it")
        }
        return found
    }

    /// Whether a test that needs the program can run.
    package static func isInstalled(_ name: String) -> Bool { (try? path(name)) != nil }

    /// What a program prints, whatever its status.
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

    /// Starts a server until it comes up: another program may take a port that was free a moment ago.
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
