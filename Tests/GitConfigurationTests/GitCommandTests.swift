import Blocking
import Foundation
import Lab
import Repository
import Testing

@testable import GitConfiguration

/// How the program is started, listened to, and ended. Small scripts stand in for git.
@Suite struct GitCommandTests {
    private func script(_ text: String) throws -> (TemporaryFolder, GitCommand) {
        // Read by the shell rather than run: a file that was just written may be open in a child of another test.
        let folder = try TemporaryFolder("git-command")
        let file = folder.url.appending(path: "git")
        try Data("\(text)\n".utf8).write(to: file)
        var command = GitCommand(
            arguments: [file.path, "fetch", "a b", "$HOME;"],
            environment: ["PATH": "/usr/bin:/bin", "ONLY": "this"])
        command.program = "/bin/sh"
        return (folder, command)
    }

    private func output(_ command: GitCommand) async throws -> (GitCommand.Result, String) {
        try await GitFixture.pool.run {
            var bytes: [UInt8] = []
            let result = try command.run { bytes += $0 }
            return (result, String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func argumentsAndEnvironmentArriveAsTheyAre() async throws {
        let (folder, command) = try script(
            #"printf '%s|' "$@"; env | sort | cut -d= -f1 | tr '\n' ' '; echo no >&2; exit 3"#)
        defer { withExtendedLifetime(folder) {} }
        let (result, text) = try await output(command)
        #expect(result.status == 3 && result.errors == "no\n")
        #expect(text.hasPrefix("fetch|a b|$HOME;|") && text.contains("ONLY") && !text.contains("HOME "))
    }

    @Test func muchOutputComesWholeAndOfErrorsTheEnd() async throws {
        let (folder, command) = try script("head -c 3000000 /dev/zero; head -c 100000 /dev/zero >&2; echo end >&2")
        defer { withExtendedLifetime(folder) {} }
        let (result, text) = try await output(command)
        #expect(text.utf8.count == 3_000_000)
        #expect(result.errors.utf8.count <= 16 << 10 && result.errors.hasSuffix("end\n"))
    }

    /// ssh leaves a shared connection behind that keeps standard error open.
    @Test func aHelperThatStaysBehindIsNotWaitedFor() async throws {
        let (folder, command) = try script("sleep 60 & echo done; exit 0")
        defer { withExtendedLifetime(folder) {} }
        let (result, text) = try await output(command)
        #expect(result.status == 0 && text == "done\n")
    }

    @Test func aMissingProgramIsNamed() async throws {
        var command = GitCommand(arguments: ["version"], environment: [:])
        command.program = "/nowhere/git"
        let missing = command
        let error = await #expect(throws: ComponentError.self) { try await output(missing) }
        #expect(error?.reason == .misconfigured && error?.hint?.contains("install git") == true)
    }

    /// With all that it started.
    @Test func aCancelledProgramEndsWithItsHelpers() async throws {
        let (folder, command) = try script("sleep 600 & echo $!; wait")
        defer { withExtendedLifetime(folder) {} }
        let up = AsyncStream<String>.makeStream()
        let task = Task {
            defer { up.continuation.finish() }
            try await GitFixture.pool.run {
                _ = try command.run { up.continuation.yield(String(decoding: $0, as: UTF8.self)) }
            }
        }
        var helper = ""
        for await text in up.stream {
            helper = text.trimmingCharacters(in: .newlines)
            task.cancel()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        // Gone, or a zombie that its new parent has not fetched yet; a killed process takes a moment to die.
        let place = "/proc/\(try #require(Int32(helper)))/stat"
        func isAlive() -> Bool {
            let state = try? String(contentsOfFile: place, encoding: .utf8).split(separator: " ")[2]
            return state != nil && state != "Z"
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while isAlive(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        #expect(!isAlive())
    }

    @Test func aProgramThatDoesNotEndIsEnded() async throws {
        var (folder, command) = try script("exec sleep 600")
        defer { withExtendedLifetime(folder) {} }
        command.timeout = .milliseconds(50)
        let slow = command
        let error = await #expect(throws: ComponentError.self) { try await output(slow) }
        #expect(error?.reason == .unreachable && error?.operation == "git fetch")
    }
}
