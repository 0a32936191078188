import Foundation
import Lab
import Testing

/// `dr self-test` on this machine. `SelfTestTests` has the faults of its steps.
@Suite struct SelfTestJourneyTests {
    @Test func `an installation passes, and nothing stays`() async throws {
        let journey = try await Journey(initialize: false)
        let temporary = journey.folder.url.appending(path: "with a blank")
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        let run = try await CommandRun.run(
            Journey.program, ["self-test", "--json"], in: journey.folder.url,
            environment: ["TMPDIR": temporary.path])
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(
            try await journey.objections(to: Data(run.output.utf8), schema: "output.schema.json", "self-test") == "")
        struct Report: Decodable {
            var passed: Bool
            var peakMemory: Int
            var seconds: Double
            var steps: [Step]

            struct Step: Decodable {
                var name: String
                var verdict: String
            }
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.passed && report.peakMemory > 1 << 20)
        #expect(
            report.steps.count == 12 && Set(report.steps.map(\.name)).isSuperset(of: ["restore", "damage", "clean"]))
        #expect(report.steps.allSatisfy { $0.verdict == "passed" })
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == [])
    }

    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root"))
    func `a disk that is too small is refused for an ordinary user, and nothing stays`() async throws {
        let disk = try await TinyDisk(kibibytes: 4096)
        let folder = try TemporaryFolder("self-test")
        // A copy that the other user can reach.
        let program = "\(folder.path)/dr"
        try FileManager.default.copyItem(atPath: Journey.program, toPath: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        let run = try await CommandRun.run(
            "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", program, "self-test"],
            in: URL(filePath: "/"), environment: ["TMPDIR": disk.path])
        #expect(run.status == 4, "\(run.errors)")
        #expect(
            run.output.contains("'\(disk.path)' has 4.00 MiB free, and the test needs 64.0 MiB; set TMPDIR"),
            "\(run.output)")
        #expect(run.output.contains("was not tested: it has no temporary folder"))
        #expect(!run.output.contains("does not work on this machine"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
    }

    @Test func `a folder that cannot be used fails the first step`() async throws {
        let folder = try TemporaryFolder("self-test")
        let file = folder.url.appending(path: "file")
        try Data().write(to: file)
        for temporary in [file.path, "\(folder.path)/missing"] {
            let run = try await CommandRun.run(
                Journey.program, ["self-test"], in: folder.url, environment: ["TMPDIR": temporary])
            #expect(run.status == 4 && run.output.contains("set TMPDIR"), "\(run.output)\n\(run.errors)")
        }
    }
}
