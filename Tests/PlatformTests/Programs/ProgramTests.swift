import Foundation
import Lab
import Testing

@testable import Platform

/// The start, the output and the end of a program.
@Suite struct ProgramTests {
    private static let pool = BlockingPool(threads: 8)

    private func shell(_ script: String, _ arguments: [String] = []) -> Program {
        Program(
            "sh", ["-c", script, "script"] + arguments, environment: ["PATH": "/usr/bin:/bin", "ONLY": "this"])
    }

    private func output(_ program: Program) async throws -> (end: ProgramEnd, output: String) {
        try await Self.pool.run { try program.captured(limit: 4 << 20) }
    }

    @Test func `arguments and environment arrive as they are`() async throws {
        let script = #"printf '%s|' "$@"; env | sort | cut -d= -f1 | tr '\n' ' '; echo no >&2; exit 3"#
        let (end, text) = try await output(shell(script, ["fetch", "a b", "$HOME;"]))
        #expect(end.status == 3 && end.errors == "no\n")
        #expect(text.hasPrefix("fetch|a b|$HOME;|") && text.contains("ONLY") && !text.contains("HOME "))
    }

    @Test func `a signal counts as in a shell`() async throws {
        #expect(try await output(shell("kill -9 $$")).end.status == 137)
    }

    @Test func `a program runs in its working directory`() async throws {
        let folder = try TemporaryFolder("program")
        var program = shell("pwd")
        program.folder = folder.path
        #expect(try await output(program).output == "\(folder.path)\n")
        program.folder = "/nowhere"
        let lost = program
        let error = await #expect(throws: ProgramError.self) { try await output(lost) }
        #expect(error?.detail == "its working directory '/nowhere' does not exist")
    }

    @Test func `input is nothing a file or bytes`() async throws {
        let folder = try TemporaryFolder("program")
        let file = folder.url.appending(path: "input")
        try Data("from a file".utf8).write(to: file)
        var program = shell("cat")
        #expect(try await output(program).output == "")
        program.input = .file(file.path)
        #expect(try await output(program).output == "from a file")
        program.input = .bytes([UInt8](repeating: 65, count: 1_000_000))
        #expect(try await output(program).output.utf8.count == 1_000_000)
    }

    @Test func `a program keeps all of a long standard output and the end of standard error`() async throws {
        let (end, text) = try await output(
            shell("head -c 3000000 /dev/zero; head -c 100000 /dev/zero >&2; echo end > /dev/stderr"))
        #expect(text.utf8.count == 3_000_000)
        #expect(end.errors.utf8.count == 16 << 10 && end.errors.hasSuffix("end\n"))
    }

    /// ssh leaves a shared connection behind that keeps standard error open; this helper also writes for ever.
    @Test func `a helper that stays behind is not waited for`() async throws {
        let folder = try TemporaryFolder("program")
        let script = "(while :; do echo more; done) & echo $! > '\(folder.path)/helper'; sleep 0.05; exit 0"
        let end = try await output(shell(script)).end
        let helper = try String(contentsOfFile: "\(folder.path)/helper", encoding: .utf8)
        kill(try #require(Int32(helper.trimmingCharacters(in: .newlines))), SIGKILL)
        #expect(end.status == 0)
    }

    @Test func `the error distinguishes a missing program from a missing interpreter`() async throws {
        let missing = await #expect(throws: ProgramError.self) {
            try await output(Program("/nowhere/tool", environment: [:]))
        }
        #expect(missing?.reason == .missing && missing?.detail == "program '/nowhere/tool' not found")
        let folder = try TemporaryFolder("program")
        let script = "\(folder.path)/script"
        try Data("#!/nowhere/interpreter\n".utf8).write(to: URL(filePath: script))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let error = await #expect(throws: ProgramError.self) { try await output(Program(script, environment: [:])) }
        #expect(error?.reason == .notStarted)
    }

    /// Stops the program and all processes that it started.
    @Test(arguments: ["", "exec >&- 2>&-;"])
    func `a cancelled program ends with its helpers`(closing: String) async throws {
        let program = shell("sleep 600 & echo $!; \(closing) wait")
        let up = AsyncStream<String>.makeStream()
        let task = Task {
            defer { up.continuation.finish() }
            try await Self.pool.run {
                _ = try program.run { up.continuation.yield(String(decoding: $0, as: UTF8.self)) }
            }
        }
        var helper = ""
        for await text in up.stream {
            helper = text.trimmingCharacters(in: .newlines)
            task.cancel()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        // It is gone, or a zombie that its new parent has not reaped yet; a killed process takes a moment to die.
        let place = "/proc/\(try #require(Int32(helper)))/stat"
        func isAlive() -> Bool {
            let state = try? String(contentsOfFile: place, encoding: .utf8).split(separator: " ")[2]
            return state != nil && state != "Z"
        }
        try await Patience.wait(until: "the helper has ended") { !isAlive() }
    }

    @Test func `a program that does not end is ended`() async throws {
        var program = shell("exec sleep 600")
        program.timeout = .milliseconds(50)
        let slow = program
        let error = await #expect(throws: ProgramError.self) { try await output(slow) }
        #expect(error?.reason == .timeout)
    }

    /// A process that ignores the last signal stands for one that waits in the kernel.
    @Test func `a program that no signal ends is not waited for`() async throws {
        let folder = try TemporaryFolder("program")
        let up = "\(folder.path)/up"
        let null = open("/dev/null", O_WRONLY)
        defer { close(null) }
        let child = try Child(
            starting: shell("trap '' TERM; touch '\(up)'; while :; do sleep 0.05; done"), output: null, errors: null)
        try await Patience.wait(until: "it runs") { FileManager.default.fileExists(atPath: up) }
        let left = await Self.pool.run { child.end(with: SIGTERM, within: .zero) }
        let process = try #require(left)
        #expect(kill(process, 0) == 0)
        kill(-process, SIGKILL)
        try await Patience.wait(until: "it is reaped") { kill(process, 0) != 0 }
    }

    @Test func `a command line can be pasted`() {
        let program = Program("kubectl", ["-n", "a b", "it's", "", "x=$HOME"], environment: [:])
        #expect(program.commandLine == #"kubectl -n 'a b' 'it'\''s' '' 'x=$HOME'"#)
    }
}
