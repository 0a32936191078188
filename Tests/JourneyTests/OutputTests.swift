import Foundation
import Lab
import Testing

/// Output that cannot be written, names that would act on a terminal, and errors as documents.
@Suite struct OutputTests {
    /// Runs a line of shell with `dr` in it.
    private func shell(_ journey: Journey, _ line: String) async throws -> CommandRun {
        try await CommandRun.run(
            "/bin/bash", ["-c", line], in: journey.folder.url,
            environment: ["dr": Journey.program].merging(journey.environment) { $1 })
    }

    @Test(arguments: [
        ("$dr list --json >/dev/full", 1, true), ("$dr list >/dev/full", 1, true), ("$dr --help >/dev/full", 1, true),
        ("$dr show --files >/dev/full", 1, true), ("$dr backup --json >/dev/full", 1, true),
        ("mkfifo gone; (: <gone) & exec 4>gone; wait; $dr list --json >&4", 141, false), ("$dr list >&-", 0, false),
        ("$dr list <&- >&- 2>&-", 0, false),
        ("$dr list 2>/dev/full", 0, false), ("$dr show nothing 2>/dev/full", 2, false),
        ("$dr show nothing 2>&-", 2, false), ("ulimit -f 0; trap '' XFSZ; $dr list >big", 1, false),
    ])
    func `a result that cannot be written is a failure and a remark is not`(
        line: String, status: Int32, says: Bool
    ) async throws {
        let journey = try await Journey()
        try journey.write("a", "one")
        try await journey.expect(0, "backup", "--quiet")
        let run = try await shell(journey, line)
        #expect(run.status == status, "\(run.output)\n\(run.errors)")
        #expect(run.errors.contains("dr: standard output: cannot write the result: ") == says, "\(run.errors)")
        #expect(says || run.errors.isEmpty, "\(run.errors)")
    }

    @Test(arguments: ["2>/dev/full", "2>&-"])
    func `a backup with a warning does not need standard error`(redirection: String) async throws {
        let folder = try TemporaryFolder("metrics")
        let journey = try await Journey(extra: "metrics: {textfile: \(folder.path)/dr.prom}")
        try journey.write("a", "one")
        try #require(mkfifo(journey.data.appending(path: "pipe").path, 0o600) == 0)
        let run = try await shell(journey, "$dr backup >/dev/null \(redirection)")
        #expect(run.status == 0)
        let metrics = try String(contentsOfFile: "\(folder.path)/dr.prom", encoding: .utf8)
        #expect(metrics.contains("dr_backup_complete"))
    }

    private struct ErrorDocument: Decodable {
        struct Body: Decodable {
            var reason: String
            var message: String
            var object: String?
            var hint: String?
            var exitCode: Int32
        }
        var error: Body
    }

    @Test(arguments: [
        (["list", "--config", "/nowhere/dr.yaml"], "configuration", 2),
        (["show", "20200101T000000Z"], "no_such_set", 2), (["frobnicate"], "usage", 2),
        (["backup", "--component", "nope"], "usage", 2),
        (["backup", "--quiet", "--verbose"], "usage", 2),
        (["stats", "--config", "other.yaml"], "not_a_repository", 1),
        (["report", "verify", "nothing.json"], "report_altered", 4),
        (["retention", "simulate", "--policy", "daily=7d", "--for", "30d", "--svg", "no/x.svg"], "file_error", 1),
    ])
    func `an error is a document too where JSON is asked for`(
        arguments: [String], reason: String, status: Int32
    ) async throws {
        let journey = try await Journey()
        let other = try String(contentsOf: journey.folder.url.appending(path: "dr.yaml"), encoding: .utf8)
        try Data(other.replacing("/repository", with: "/empty").utf8).write(
            to: journey.folder.url.appending(path: "other.yaml"))
        try FileManager.default.createDirectory(
            at: journey.folder.url.appending(path: "empty"), withIntermediateDirectories: false)
        let run = try await journey.dr(arguments + ["--json"])
        #expect(run.status == status && run.errors.contains("dr: ") || reason == "usage", "\(run.errors)")
        let document = Data(run.output.utf8)
        let error = try JSONDecoder().decode(ErrorDocument.self, from: document).error
        #expect(error.reason == reason && error.exitCode == status && run.status == status)
        #expect(!error.message.isEmpty && !error.message.contains("\nhint: ") && !error.message.contains("USAGE"))
        #expect(try await journey.objections(to: document, schema: "output.schema.json", "error") == "")
    }

    @Test func `a command that has printed its result prints no second document`() async throws {
        let journey = try await Journey(extra: "objectives: {rpo: 1h}")
        let run = try await journey.expect(5, "status", "--json")
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(run.output.utf8)) }
        #expect(!run.output.contains("\"error\""))
    }

    @Test func `control characters of names never reach the terminal`() async throws {
        let journey = try await Journey()
        let name = "a\u{1B}[2J\rb\u{9B}c\u{202E}d\ne"
        try journey.write(name, "one")
        try #require(mkfifo(journey.data.appending(path: "p\u{1B}]0;x\nipe").path, 0o600) == 0)
        let backup = try await journey.expect(0, "backup")
        #expect(backup.errors.contains(#"p\x1b]0;x\nipe"#), "\(backup.errors)")
        let files = try await journey.expect(0, "show", "--files")
        #expect(files.output.contains(#"tree/a\x1b[2J\x0db\xc2\x9bc\xe2\x80\xaed\x0ae"#), "\(files.output)")
        let exact = try await journey.expect(0, "show", "--files", "--json")
        for text in [backup.output + backup.errors, files.output, exact.output] {
            let bad = text.unicodeScalars.filter {
                ($0.value < 0x20 || $0.value == 0x9B || $0.value == 0x202E) && $0 != "\n" && $0 != "\t"
            }
            #expect(bad.isEmpty, "\(text)")
        }
        struct Files: Decodable {
            struct File: Decodable { var path: String }
            var files: [File]
        }
        let listed = try JSONDecoder().decode(Files.self, from: Data(exact.output.utf8)).files
        #expect(listed.contains { $0.path == name })
    }

    @Test(arguments: [("HUP", false, 130), ("INT", false, 130), ("TERM", false, 130), ("HUP", true, 0)])
    func `a signal interrupts a run, but not SIGHUP under nohup`(
        signal: String, ignores: Bool, status: Int32
    ) async throws {
        let journey = try await Journey()
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        // The step's parent is dr.
        let plan = """
            scenario: hangup
            steps:
              - {id: hang, run: {shell: "kill -\(signal) $PPID; sleep \(ignores ? 0 : 600)"}, timeout: 5m}
              - {id: after, needs: [hang], wait: 1s, timeout: 1m}

            """
        try Data(plan.utf8).write(to: plans.appending(path: "hangup.yaml"))
        try journey.write("a", "one")
        try await journey.expect(0, "backup", "--quiet")
        let run = try await shell(journey, "\(ignores ? "trap '' HUP; " : "")$dr restore --scenario hangup --yes")
        #expect(run.status == status, "\(run.output)\n\(run.errors)")
    }

    @Test func `an interrupted dr doctor does not call anything failed`() async throws {
        let journey = try await Journey(
            environment: [
                "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true",
            ], initialize: false)
        let asked = journey.folder.url.appending(path: "asked")
        let server = try ScriptedServer { _, _ in
            try? Data().write(to: asked)
            return .silence
        }
        let text = """
            store: {url: "s3://bucket/prefix", endpoint: "\(server.url)", region: us-east-1, addressing: path}
            state: \(journey.folder.path)/state
            components:
              tree: {kind: files, data: \(journey.data.path)}

            """
        try Data(text.utf8).write(to: journey.folder.url.appending(path: "dr.yaml"))
        let script = """
            '\(Journey.program)' doctor & until [ -e asked ]; do sleep 0.01; done
            kill -INT $!; wait $!
            """
        let run = try await CommandRun.run(
            "/bin/bash", ["-c", script], in: journey.folder.url, environment: journey.environment)
        #expect(run.status == 130 && run.output.isEmpty, "\(run.output)\(run.errors)")
    }

    /// Opening a FIFO to write waits for its reader, so the signal comes while dr waits for bytes.
    @Test(.timeLimit(.minutes(5))) func `a configuration from a FIFO is waited for, until a signal`() async throws {
        let journey = try await Journey()
        let script = """
            mkfifo fifo
            cat dr.yaml > fifo & '\(Journey.program)' list --config fifo || exit 1
            '\(Journey.program)' list --config fifo & exec 3> fifo
            kill -INT $!; wait $!
            """
        let run = try await CommandRun.run(
            "/bin/bash", ["-c", script], in: journey.folder.url, environment: journey.environment)
        #expect(run.status == 130 && run.errors.contains("dr: interrupted"), "\(run.output)\(run.errors)")
    }

    /// Each refusal that a caller can meet with these codes has a line of its own in the documentation.
    @Test func `the documentation says when a refusal ends with 4 and with 7`() throws {
        let folder = Checkout.folder
        let text = try String(contentsOf: folder.appending(path: "docs/output.md"), encoding: .utf8)
        let program = try String(contentsOf: folder.appending(path: "Sources/dr/ExitStatus.swift"), encoding: .utf8)
        for (status, code) in [("repositoryDamaged", 7), ("checkFailed", 4)] {
            let lines = program.split(separator: "\n").filter { line in
                line.hasSuffix(": .\(status)") && line.contains("case .")
            }
            let cases = lines.flatMap { $0.split(separator: ":")[0].split(separator: ",") }
            let reasons = cases.compactMap { $0.split(separator: ".").last.map { String($0) } }
            #expect(!reasons.isEmpty, "\(status)")
            for reason in reasons {
                let word = try #require(Self.words[reason], "\(reason)")
                #expect(text.contains("| \(code) | `\(word)` |"), "\(word)")
            }
        }
    }

    /// By case in the program: the reason in the document of an error.
    private static let words = [
        "damaged": "repository_damaged", "newerVersion": "newer_version", "untrusted": "untrusted",
        "otherRepository": "other_repository", "setRemoved": "set_removed", "notEncrypted": "not_encrypted",
        "tampered": "journal_altered",
    ]
}
