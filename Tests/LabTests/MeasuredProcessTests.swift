import Foundation
import Lab
import Testing

/// The figures of a program are its own: not those of the process that measures it.
@Suite struct MeasuredProcessTests {
    @Test func `a large measuring process does not show in the memory of a program`() async throws {
        let folder = try TemporaryFolder("measured")
        let log = "\(folder.path)/log"
        let ballast = [UInt8](repeating: 1, count: 256 << 20)
        let own = try await MeasuredProcess.run(["/bin/true"], log: log)
        let helped = try await MeasuredProcess.$helper.withValue(Checkout.labProgram) {
            try await MeasuredProcess.run(["/bin/true"], log: log)
        }
        #expect(withExtendedLifetime(ballast) { own.peakMemory } > 256 << 20)
        #expect(helped.peakMemory < 128 << 20 && helped.floor < 128 << 20)
    }

    @Test(arguments: [false, true])
    func `status, output, folder and environment of a program`(_ isHelped: Bool) async throws {
        let folder = try TemporaryFolder("measured")
        let log = "\(folder.path)/log"
        let run = try await MeasuredProcess.$helper.withValue(isHelped ? Checkout.labProgram : nil) {
            try await MeasuredProcess.run(
                ["/bin/sh", "-c", "pwd; echo \"$WORD\" >&2; exit 3"], log: log, folder: folder.path,
                environment: ["WORD": "seen"])
        }
        #expect(run.exitStatus == 3)
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "\(folder.path)\nseen\n")
        #expect(throws: LabError.self) { try run.requireSuccess() }
    }
}
