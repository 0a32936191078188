import Documents
import Foundation
import Lab
import Testing

/// `dr init --discover` as a user runs it.
@Suite struct DiscoverTests {
    @Test func `an existing file is never overwritten, and without usable servers nothing is written`() async throws {
        let journey = try await Journey(initialize: false)
        let before = try Data(contentsOf: journey.folder.url.appending(path: "dr.yaml"))
        let refused = try await journey.expect(2, "init", "--discover")
        #expect(refused.errors.contains("exists already"))
        #expect(try Data(contentsOf: journey.folder.url.appending(path: "dr.yaml")) == before)
    }

    @Test func `the template is printed, and nothing is written`() async throws {
        let folder = try TemporaryFolder("template")
        let run = try await CommandRun.run(Journey.program, ["init", "--template"], in: folder.url)
        #expect(run.status == 0 && run.output.contains("\ncomponents:\n"), "\(run.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }
}
