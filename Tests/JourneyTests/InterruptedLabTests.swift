import Foundation
import Lab
import Testing

/// The lab cleans up after itself, also when somebody has seen enough.
@Suite struct InterruptedLabTests {
    @Test func `an interrupted demo leaves nothing`() async throws {
        let folder = try TemporaryFolder("interrupted")
        let temporary = folder.url.appending(path: "tmp")
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        let program = Checkout.labProgram
        let demo = try await ServerProcess(
            "demo", executable: program, arguments: ["demo", "--dr", Journey.program], folder: folder.url,
            environment: ["TMPDIR": temporary.path])
        func leftovers() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: temporary.path) }
        try await demo.waitUntil { try !leftovers().isEmpty }
        try await demo.stop()
        #expect(try leftovers().isEmpty)
        #expect(try String(contentsOf: demo.log, encoding: .utf8).contains("interrupted"))
    }
}
