import Foundation
import Lab
import Testing

@testable import RecoveryPlan

/// Tests with real programs.
@Suite struct RunActionTests {
    private func error(_ text: String, environment: [String: String] = [:]) async -> ActionError? {
        await #expect(throws: ActionError.self) {
            try await ActionStage().perform(text, environment: environment)
        }
    }

    @Test func `words reach the program as they are`() async throws {
        let folder = try TemporaryFolder("run")
        let text = #"run: {argv: [touch, "a b; $X", 0123], directory: \#(folder.path)}"#
        let record = try await ActionStage().perform(text)
        #expect(record.facts == ["status": "0"] && record.summary.contains("'a b; $X' 0123"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["0123", "a b; $X"])
    }

    @Test func `a shell has the variables of the run and secrets`() async throws {
        let folder = try TemporaryFolder("run")
        let text = """
            run:
                  shell: |
                    echo "$DR_PARAM_X $TOKEN" > out
                  directory: \(folder.path)
                  environment: {TOKEN: {env: SECRET}}
            """
        let record = try await ActionStage().perform(text, environment: ["SECRET": "hidden", "DR_PARAM_X": "x"])
        #expect(try String(contentsOfFile: "\(folder.path)/out", encoding: .utf8) == "x hidden\n")
        #expect(!"\(record)".contains("hidden"))
    }

    @Test func `a failure shows the last lines and no secret`() async throws {
        let failure = await error(
            "run: {shell: 'for i in 1 2 3 4 5 6 7; do echo $i $T >&2; done; exit 3', environment: {T: {env: S}}}",
            environment: ["S": "hidden"])
        #expect(failure?.reason == .failed)
        #expect(failure?.detail == "exit code 3: 3 ***; 4 ***; 5 ***; 6 ***; 7 ***")
    }

    @Test func `the error shows standard output if standard error is empty`() async throws {
        #expect(await error("run: {shell: 'echo why; exit 1'}")?.detail == "exit code 1: why")
    }

    @Test func `other codes may mean success`() async throws {
        let record = try await ActionStage().perform("run: {shell: 'exit 5', accept: [0, 5]}")
        #expect(record.facts == ["status": "5"])
        #expect(await error("run: {shell: 'exit 0', accept: 5}")?.detail == "exit code 0")
    }

    @Test func `a missing program cannot be helped by trying again`() async throws {
        let failure = await error("run: [no-such-program]")
        #expect(failure?.reason == .hopeless && failure?.hint?.contains("install it") == true)
        let secret = await error("run: {shell: 'true', environment: {T: {env: NOT_THERE}}}")
        #expect(secret?.reason == .hopeless && secret?.detail.contains("NOT_THERE") == true)
    }

    @Test func `a cancelled step ends its program`() async throws {
        let task = Task { try await ActionStage().perform("run: [sleep, 600]") }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a preview runs nothing`() async throws {
        #expect(try await ActionStage().preview("run: [/nowhere, a b]") == ["run /nowhere 'a b'"])
        #expect(
            try await ActionStage().preview("run: {argv: [x], directory: /y, environment: {A: b, T: {env: S}}}")
                == ["run x in /y", "  with A=b", "  with T=(environment variable 'S')"])
    }
}
