import Cryptography
import Documents
import Foundation
import Lab
import Testing

/// Runs of a plan that a step of their own ends, at a moment that is thereby known.
@Suite struct ReplayTests {
    /// A place with one backup and one plan: `first`, `tree`, `second`; each leaves a line in `log`.
    /// - Parameter second: what the second step's shell does.
    private func journey(_ second: String) async throws -> Journey {
        let journey = try await Journey()
        try journey.write("a.txt", "alpha")
        try await journey.expect(0, "backup")
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan = """
            scenario: mine
            objectives: {rto: 1h, rpo: 1h}
            steps:
              - {id: first, run: {shell: "echo first >> log"}, verify: [{run: [test, -e, log]}], timeout: 5m}
              - id: tree
                needs: [first]
                restore: {component: tree, to: \(journey.folder.path)/out}
                verify: [{run: [test, -f, out/a.txt]}]
                timeout: 5m
              - id: second
                needs: [tree]
                run: {shell: 'echo second >> log; \(second)'}
                timeout: 5m
            """
        try Data(plan.utf8).write(to: plans.appending(path: "mine.yaml"))
        return journey
    }

    private func log(_ journey: Journey) -> [String] {
        let text = try? String(contentsOf: journey.folder.url.appending(path: "log"), encoding: .utf8)
        return text?.split(separator: "\n").map(String.init) ?? []
    }

    private func letGo(_ journey: Journey) throws {
        try Data().write(to: journey.folder.url.appending(path: "go"))
    }

    private func journals(_ journey: Journey) throws -> [URL] {
        let runs = journey.folder.url.appending(path: "state/runs")
        return (try? FileManager.default.contentsOfDirectory(at: runs, includingPropertiesForKeys: nil))?
            .map { $0.appending(path: "journal.jsonl") }
            .filter { FileManager.default.fileExists(atPath: $0.path) } ?? []
    }

    /// The step ends the very program that does it.
    @Test(arguments: [("KILL", 9), ("INT", 130), ("TERM", 130)] as [(String, Int32)])
    func `a run that dies in mid step is resumed`(_ signal: String, _ status: Int32) async throws {
        // The step must outlast an interruption on a busy machine. Of a killed run, which may not have told its keeper
        // of the step yet, it is waited for.
        let rest = signal == "KILL" ? 10 : 600
        let journey = try await journey("[ -e go ] || { kill -\(signal) $PPID; sleep \(rest); }")
        try await journey.expect(status, "restore", "--scenario", "mine", "--yes")
        #expect(log(journey) == ["first", "second"])
        try letGo(journey)
        let resumed = try await journey.expect(0, "restore", "--scenario", "mine", "--resume", "--yes", "--json")
        #expect(log(journey) == ["first", "second", "second"], "what was done and holds is not done again")
        #expect(resumed.errors.contains("first: already done") && resumed.errors.contains("second: started, attempt 2"))
        let answer = try JSONValue(parsing: resumed.output)
        #expect(answer["verdict"]?.text == "recovered")
        #expect(try journals(journey).count == 1)
    }

    /// Killed, dr can end nothing itself; what its steps started ends all the same, also what does not listen.
    @Test func `processes that a step started end when the run is killed`() async throws {
        let journey = try await journey(
            #"echo $$ > group; (trap "" TERM; exec sleep 600) & sleep 600 & "#
                // More than a pipe holds: dr reads it, and so has told its keeper of the group.
                + #"head -c 300000 /dev/zero; kill -KILL $PPID; wait"#)
        let killed = try await journey.expect(9, "restore", "--scenario", "mine", "--yes")
        #expect(killed.duration < .seconds(500), "whoever waits for all that a run started waits no longer")
        let text = try String(contentsOf: journey.folder.url.appending(path: "group"), encoding: .utf8)
        let group = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        try? await Patience.wait(until: "the group has ended") { kill(-group, 0) != 0 }
        #expect(kill(-group, 0) != 0 && errno == ESRCH, "something of group \(group) still runs")
        if kill(-group, 0) == 0 { kill(-group, SIGKILL) }
    }

    @Test func `resume repeats a step whose postconditions no longer hold`() async throws {
        let journey = try await journey("[ -e go ] || kill -KILL $PPID")
        try await journey.expect(9, "restore", "--scenario", "mine", "--yes")
        try letGo(journey)
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "out"))
        let resumed = try await journey.expect(0, "restore", "--scenario", "mine", "--resume", "--yes")
        #expect(resumed.errors.contains("tree: its postconditions no longer hold"))
        #expect(FileManager.default.fileExists(atPath: "\(journey.folder.path)/out/a.txt"))
    }

    @Test func `looking leaves nothing behind`() async throws {
        let journey = try await journey("true")
        try await journey.expect(2, "restore", "--scenario", "mine")
        try await journey.expect(0, "restore", "--scenario", "mine", "--dry-run")
        #expect(log(journey).isEmpty)
        #expect(try journals(journey).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: "\(journey.folder.path)/out"))
    }

    /// Another document under the set's name, one that can be read: what is restored would not be what was begun with.
    @Test func `a set that changed is only resumed on request`() async throws {
        let journey = try await journey("[ -e go ] || kill -KILL $PPID")
        try await journey.expect(9, "restore", "--scenario", "mine", "--yes")
        try letGo(journey)
        let sets = journey.repository.appending(path: "sets")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: sets.path).first { $0.hasSuffix(".json") })
        let file = sets.appending(path: name)
        let seal = 79  // bytes at its end, see docs/repository-format.md
        let content = String(decoding: try Data(contentsOf: file).dropLast(seal), as: UTF8.self)
        let changed = content.replacing(#""dr "#, with: #""DR "#)
        #expect(changed != content)
        let digest = Digest(of: [UInt8](changed.utf8)).hex
        try Data((changed + ",\n\"sha256\":\"\(digest)\"}\n").utf8).write(to: file)
        let refused = try await journey.expect(2, "restore", "--scenario", "mine", "--resume", "--yes")
        #expect(refused.errors.contains("set \(name.dropLast(5)) changed after run"), "\(refused.errors)")
        #expect(log(journey) == ["first", "second"])
        try await journey.expect(0, "restore", "--scenario", "mine", "--resume", "--yes", "--allow-changed-plan")
        #expect(log(journey) == ["first", "second", "second"])
    }

    @Test func `a plan that changed is only resumed on request`() async throws {
        let journey = try await journey("[ -e go ] || kill -KILL $PPID")
        try await journey.expect(9, "restore", "--scenario", "mine", "--yes")
        try letGo(journey)
        let file = journey.folder.url.appending(path: "plans/mine.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(
            (text + "\n  - {id: third, needs: [second], run: {shell: \"echo third >> log\"}, timeout: 5m}\n").utf8
        )
        .write(to: file)
        let refused = try await journey.expect(2, "restore", "--scenario", "mine", "--resume", "--yes")
        #expect(refused.errors.contains("--allow-changed-plan"))
        #expect(log(journey) == ["first", "second"])
        try await journey.expect(0, "restore", "--scenario", "mine", "--resume", "--yes", "--allow-changed-plan")
        #expect(log(journey) == ["first", "second", "second", "third"])
    }
}
