import BackupRepository
import Testing

@testable import Git

/// Messages for a `git` that does not run; other tests cover running programs in general.
@Suite struct GitCommandTests {
    @Test func aMissingProgramIsNamed() {
        let command = GitCommand(arguments: ["version"], environment: [:], program: "/nowhere/git")
        let error = #expect(throws: ComponentError.self) { try command.run { _ in } }
        #expect(error?.reason == .misconfigured && error?.hint?.contains("install git") == true)
    }

    @Test func aCommandThatDoesNotEndIsTheServersFault() {
        let command = GitCommand(
            arguments: ["-c", "exec sleep 600", "fetch"], environment: [:], timeout: .milliseconds(50),
            program: "/bin/sh")
        let error = #expect(throws: ComponentError.self) { try command.run { _ in } }
        #expect(error?.reason == .unreachable && error?.operation == "git exec sleep 600")
    }
}
