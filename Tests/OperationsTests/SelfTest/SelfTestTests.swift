import Foundation
import Lab
import Testing

@testable import Operations

/// The self-test with a stand-in for dr that does one thing wrongly.
@Suite struct SelfTestTests {
    /// A shell script that answers as dr does. It runs in the temporary folder of the test.
    ///
    /// - Parameter fault: lines that run first; `$call` is the subcommand with its number, such as `restore2`.
    private static func standIn(_ fault: String, in folder: TemporaryFolder) throws -> String {
        let program = folder.url.appending(path: "dr").path
        let script = """
            #!/bin/sh
            echo >>'\(folder.path)/count-'"$1"
            call=$1$(($(wc -l <'\(folder.path)/count-'"$1")))
            intact() { [ "$(cksum <repository/pack)" = "$(cat sum)" ]; }
            \(fault)
            case $1 in
            --version) echo '\(Release.version)' ;;
            key) for word; do case $word in *.key | *.pem | *.crt) : >"$word" ;; esac; done ;;
            init) mkdir repository ;;
            backup)
                head -c 100000 data/incompressible.bin >repository/pack
                cksum <repository/pack >sum
                echo '{"status": "complete"}'
                ;;
            verify)
                case "$*" in *other.yaml*)
                    echo '{"bytesRead": 0, "packsRead": 0, "findings": [{"object": "sets/1.json"}]}'
                    exit 4
                esac
                intact && echo '{"bytesRead": 9, "packsRead": 1, "findings": []}' && exit 0
                echo '{"bytesRead": 9, "packsRead": 1, "findings": [{"object": "pack"}]}'
                exit 4
                ;;
            restore)
                case "$*" in
                *--recovery-key*) ;;
                *) echo '{"error": {"reason": "encrypted"}}' && exit 1 ;;
                esac
                intact || { echo '{"error": {"reason": "restore_damaged"}}' && exit 4; }
                cp -a data "$5"
                ;;
            esac

            """
        try Data(script.utf8).write(to: URL(filePath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        return program
    }

    private struct Outcome {
        var report: SelfTestReport
        /// The files that stay in the folder of temporary files.
        var left: [String]
    }

    private func run(fault: String, limit: Duration = .seconds(60)) throws -> Outcome {
        let temporary = try TemporaryFolder("self-test")
        return try run(fault: fault, limit: limit, in: temporary.path)
    }

    private func run(fault: String, limit: Duration = .seconds(60), in temporary: String) throws -> Outcome {
        let folder = try TemporaryFolder("stand-in")
        var test = SelfTest(
            program: try Self.standIn(fault, in: folder), temporary: temporary, environment: ["PATH": "/usr/bin:/bin"])
        test.limit = limit
        let report = try test.run()
        return Outcome(report: report, left: try FileManager.default.contentsOfDirectory(atPath: temporary))
    }

    @Test func `the stand-in without a fault passes`() throws {
        let outcome = try run(fault: "")
        #expect(outcome.report.passed && outcome.left == [], "\(outcome.report.text)")
        #expect(outcome.report.steps.map(\.name) == SelfTestStep.Name.allCases)
        let measured = outcome.report.steps.filter { $0.name != .folder && $0.name != .clean }
        #expect(measured.allSatisfy { $0.peakMemory ?? 0 > 0 && $0.seconds > 0 })
        #expect(outcome.report.text.contains("works on this machine") && outcome.report.text.contains("not tested:"))
    }

    private static let faults: [(step: SelfTestStep.Name, lines: String, cause: String)] = [
        (.start, "[ $call != --version1 ] || { echo 0.0.1; exit; }", "version '0.0.1'"),
        (.keys, "[ $call != key1 ] || { echo broken >&2; exit 1; }", "`dr key create` exited with 1, not 0: broken"),
        (.repository, "[ $call != init1 ] || exit 7", "`dr init` exited with 7"),
        // As the kernel does when memory is short.
        (.backup, "[ $call != backup1 ] || kill -9 $$", "137 (signal 9)"),
        (.backup, "[ $call != backup1 ] || { echo 'No space left on device' >&2; exit 1; }", "No space left on device"),
        (.backup, "[ $call != backup1 ] || { echo '{\"status\": \"partial\"}'; exit; }", "is partial"),
        (.backup, "[ $call != backup1 ] || { echo 'not JSON'; exit; }", "not the expected JSON document"),
        (
            .verify, "[ $call != verify1 ] || { echo '{\"bytesRead\": 0, \"packsRead\": 0, \"findings\": []}'; exit; }",
            "read no pack"
        ),
        // A program that ignores the missing key.
        (.encryption, "[ $call != restore1 ] || exit 0", "exited with 0, not 1"),
        (
            .encryption, "[ $call != restore1 ] || { echo '{\"error\": {\"reason\": \"no_space\"}}'; exit 1; }",
            "with the reason 'no_space'"
        ),
        (.restore, "[ $call != restore2 ] || exit 0", "cannot be read"),
        (
            .restore, "[ $call != restore2 ] || { cp -a data \"$5\"; printf X >\"$5/compressible.log\"; exit; }",
            "the content of 'compressible.log' differs"
        ),
        (.restore, "[ $call != restore2 ] || { cp -a data \"$5\"; rm \"$5/empty\"; exit; }", "'empty' is missing"),
        (
            .restore, "[ $call != restore2 ] || { cp -a data \"$5\"; : >\"$5/more\"; exit; }",
            "'more' is in the restored"
        ),
        (
            .restore, "[ $call != restore2 ] || { cp -a data \"$5\"; chmod 600 \"$5/incompressible.bin\"; exit; }",
            "'incompressible.bin' has the mode"
        ),
        (
            .restore, "[ $call != restore2 ] || { cp -a data \"$5\"; ln -sfn empty \"$5/link\"; exit; }",
            "the link 'link' has another target"
        ),
        (
            .restore, "[ $call != restore2 ] || { cp -a data \"$5\"; touch -d 2001-01-01 \"$5/empty\"; exit; }",
            "'empty' has another time"
        ),
        // A verification that sees no damage, and one that names another object.
        (.damage, "[ $call != verify2 ] || { echo '{}'; exit; }", "exited with 0, not 4"),
        (
            .damage,
            "[ $call != verify2 ] || { echo '{\"bytesRead\": 9, \"packsRead\": 1, \"findings\": []}'; exit 4; }",
            "does not name the damaged 'pack'"
        ),
        (.refusal, "[ $call != restore3 ] || { cp -a data \"$5\"; exit; }", "exited with 0, not 4"),
        (
            .refusal,
            "[ $call != restore3 ] || { mkdir \"$5\"; echo '{\"error\": {\"reason\": \"restore_damaged\"}}'; exit 4; }",
            "although it failed"
        ),
        (.signature, "[ $call != verify3 ] || exit 0", "exited with 0, not 4"),
        (
            .signature,
            "[ $call != verify3 ] || { echo '{\"bytesRead\": 0, \"packsRead\": 0, \"findings\": []}'; exit 4; }",
            "does not name the set of another signer"
        ),
    ]

    @Test(arguments: faults.indices)
    func `a step notices its fault, the later ones are skipped, and nothing stays`(_ index: Int) throws {
        let (step, lines, cause) = Self.faults[index]
        let outcome = try run(fault: lines)
        let failed = outcome.report.steps.filter { $0.verdict == .failed }
        #expect(failed.map(\.name) == [step])
        #expect(failed.first?.detail?.contains(cause) == true, "\(failed)")
        let later = outcome.report.steps.drop { $0.name != step }.dropFirst()
        #expect(later.last?.name == .clean && later.last?.verdict == .passed)
        #expect(later.dropLast().allSatisfy { $0.verdict == .skipped })
        #expect(!outcome.report.passed && outcome.report.text.contains("FAILED"))
        #expect(outcome.left == [])
    }

    @Test(.enabled(if: TinyDisk.isPossible, "mounting needs root"))
    func `a disk that another program fills is named, and nothing stays`() async throws {
        let disk = try await TinyDisk(kibibytes: 80 << 10)
        let outcome = try run(
            fault: "[ $call != backup1 ] || { cat /dev/zero >data/more 2>/dev/null; exit 1; }", in: disk.path)
        let failed = try #require(outcome.report.steps.first { $0.verdict == .failed })
        #expect(failed.name == .backup)
        #expect(failed.detail?.contains("has 0 B free") == true, "\(failed)")
        #expect(failed.detail?.hasSuffix("set TMPDIR to another folder") == true, "\(failed)")
        #expect(outcome.left == [])
    }

    @Test func `every step has a fault in these tests`() {
        // The folder and its removal have tests of their own.
        let covered = Set(Self.faults.map(\.step)).union([.folder, .clean])
        #expect(covered == Set(SelfTestStep.Name.allCases))
    }

    @Test func `a program that hangs is stopped`() throws {
        let outcome = try run(fault: "[ $call != init1 ] || exec sleep 600", limit: .seconds(3))
        let failed = outcome.report.steps.first { $0.verdict == .failed }
        #expect(failed?.detail?.contains("did not finish within") == true, "\(outcome.report.text)")
        #expect(outcome.left == [])
    }

    @Test(arguments: ["\n", "\u{1b}", "\u{85}", "\u{2028}"])
    func `a temporary folder whose name has a control character is refused`(character: String) throws {
        let folder = try TemporaryFolder("self-test")
        let place = folder.url.appending(path: "new\(character)line")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let error = #expect(throws: SelfTestFailure.self) { try SelfTestPlace(in: place.path) }
        #expect(error.map { "\($0)".contains("control characters") } == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == [])
    }

    @Test func `a folder that is missing, or is no folder, fails the first step`() throws {
        let folder = try TemporaryFolder("self-test")
        let file = folder.url.appending(path: "file")
        try Data().write(to: file)
        for place in [file.path, "\(folder.path)/missing"] {
            let report = try SelfTest(program: "/bin/false", temporary: place, environment: [:]).run()
            #expect(report.steps.first?.verdict == .failed)
            #expect(report.steps.first?.detail?.contains("set TMPDIR") == true)
            #expect(report.steps.dropFirst().allSatisfy { $0.verdict == .skipped })
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
    }

    @Test func `a folder that cannot be removed fails the last step`() throws {
        // The stand-in removes the folder, so that its removal fails.
        let outcome = try run(
            fault: "[ $call != verify3 ] || { rm -r \"$PWD\"; echo '{\"bytesRead\": 0, \"packsRead\": 0, "
                + "\"findings\": [{\"object\": \"sets/1.json\"}]}'; exit 4; }")
        #expect(outcome.report.steps.filter { $0.verdict == .failed }.map(\.name) == [.clean])
        #expect(outcome.report.text.contains("cannot be removed"))
    }
}
