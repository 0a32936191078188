import Foundation
import Lab
import Platform
import Synchronization
import Testing

@testable import RecoveryPlan

@Suite struct JournalTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/journal.jsonl" }

    init() throws { folder = try TemporaryFolder("journal") }

    private func write(_ notes: Int) throws -> [UInt8] {
        let journal = try Journal(creating: path)
        try journal.append(.runBegan(run: Rehearsal.record()))
        for number in 0..<notes { try journal.append(.noted(text: "note \(number)")) }
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    @Test func `journal entries are read back unchanged`() throws {
        _ = try write(3)
        let reading = try JournalReading(path: path)
        #expect(reading.lines.map(\.body.number) == [0, 1, 2, 3])
        #expect(reading.lines[2].body.event == .noted(text: "note 1"))
        #expect(reading.record?.identity == Rehearsal.identity)
        #expect(!reading.isTorn)
    }

    @Test func `a file that is far too long for a journal is refused before it is read`() throws {
        _ = try write(1)
        truncate(path, off_t(JournalReading.mostBytes + 1))
        let error = try #require(throws: JournalError.self) { try JournalReading(path: path) }
        #expect("\(error)".contains("it has more than 64 MiB: dr did not write it"))
        #expect(throws: JournalError.self) { try JournalReading(path: "\(path).missing") }
    }

    @Test func `lines are JSON`() throws {
        let text = String(decoding: try write(1), as: UTF8.self)
        for line in text.split(separator: "\n") {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["sha256"] is String && object["at"] is String && object["event"] is [String: Any])
        }
    }

    /// Changes each byte in turn; every change is detected.
    @Test func `no byte can be changed`() throws {
        let bytes = try write(2)
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1
            let reading = try? JournalReading(altered, name: "j")
            // Without its line break the last line is incomplete: the remaining journal is shorter but valid.
            if let reading { #expect(index == bytes.count - 1 && reading.isTorn, "byte \(index)") }
        }
    }

    @Test func `lines cannot be removed moved or added`() throws {
        let lines = String(decoding: try write(4), as: UTF8.self).split(separator: "\n").map(String.init)
        func refusal(_ lines: [String]) -> String {
            do {
                _ = try JournalReading([UInt8]((lines.joined(separator: "\n") + "\n").utf8), name: "j")
                return ""
            } catch { return error.description }
        }
        #expect(refusal(lines) == "")
        #expect(refusal([lines[0]] + lines[2...]).contains("line 2: it is numbered 3"))
        #expect(refusal([lines[0], lines[2], lines[1]] + lines[3...]).contains("line 2"))
        #expect(refusal(lines[0...1] + [lines[1]] + lines[2...]).contains("line 3"))
        #expect(refusal(Array(lines.dropFirst())).contains("line 1"))
    }

    @Test func `a line of another journal does not fit`() throws {
        let lines = String(decoding: try write(2), as: UTF8.self).split(separator: "\n").map(String.init)
        let other = try TemporaryFolder("journal")
        let journal = try Journal(creating: "\(other.path)/j")
        try journal.append(.runBegan(run: Rehearsal.record(startedAt: .distantPast)))
        try journal.append(.noted(text: "forged"))
        let forged = String(decoding: try Data(contentsOf: URL(filePath: "\(other.path)/j")), as: UTF8.self)
            .split(separator: "\n").map(String.init)
        let mixed = [lines[0], forged[1], lines[2]].joined(separator: "\n") + "\n"
        #expect(throws: JournalError.self) { try JournalReading([UInt8](mixed.utf8), name: "j") }
    }

    /// Seconds of the wall clock between two consecutive lines.
    @Test(arguments: [(3600.0, "jumped ahead by 1h"), (-90, "jumped back by 1m30s"), (2, nil)])
    func `a wall clock that is set is noted`(_ jump: Double, _ words: String?) throws {
        let wall = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
        let journal = try Journal(creating: path, now: { wall.withLock { $0 } })
        try journal.append(.runBegan(run: Rehearsal.record()))
        wall.withLock { $0 += jump }
        try journal.append(.reached(milestone: .targetReady))
        try journal.append(.reached(milestone: .dataRestored))
        let notes = try JournalReading(path: path).lines.compactMap { line -> String? in
            if case .noted(let text) = line.body.event { text } else { nil }
        }
        #expect(notes.count == (words == nil ? 0 : 1))
        if let words { #expect(notes.first?.contains(words) == true) }
    }

    @Test func `a clock that was set between two processes is noted too`() throws {
        let journal = try Journal(creating: path, now: { Date().addingTimeInterval(-600) })
        let holder = RunHolder(person: "me", host: "here", process: 1, boot: MonotonicClock.boot)
        try journal.append(.runBegan(run: Rehearsal.record()))
        try journal.append(.runResumed(by: holder))
        let next = try Journal(continuing: path, JournalReading(path: path))
        try next.append(.runResumed(by: holder))
        let event = try JournalReading(path: path).lines[2].body.event
        #expect({ if case .noted(let text) = event { text.contains("ahead by 10m") } else { false } }())
    }

    @Test(.enabled(if: TinyDisk.isPossible)) func `a run is not carried out where it cannot be recorded`() async throws
    {
        let disk = try await TinyDisk(kibibytes: 256)
        let path = "\(disk.path)/journal.jsonl"
        let stage = try Rehearsal()
        let journal = try Journal(creating: path)
        try journal.append(.runBegan(run: Rehearsal.record()))
        let filler = "\(disk.path)/filler"
        try Data().write(to: URL(filePath: filler))
        stage.stage.on("fill") { _ in
            let handle = try FileHandle(forWritingTo: URL(filePath: filler))
            while (try? handle.write(contentsOf: Data(count: 4096))) != nil {}
            try handle.close()
        }
        // Fill the space that is left in the journal's last block.
        let names = ["fill"] + (1..<100).map { "step \($0)" }
        let steps = names.enumerated().map { number, name in
            stage.step(name, needs: number == 0 ? [] : [names[number - 1]])
        }
        let run = PlanRun(
            plan: Rehearsal.plan(steps), record: Rehearsal.record(), context: stage.context(), journal: journal)
        let error = await #expect(throws: JournalError.self) { try await run.run() }
        #expect(error?.reason == .cannotWrite)
        #expect(error?.hint?.contains("--resume") == true)
        // The journal records all steps that ran.
        try FileManager.default.removeItem(atPath: filler)
        let reading = try JournalReading(path: path)
        let begun = reading.lines.count { if case .stepBegan = $0.body.event { true } else { false } }
        #expect(!reading.isTorn)
        #expect(stage.stage.log.count == begun)
    }

    @Test func `one run of a scenario at a time`() async throws {
        let runs = try RunFolder(state: folder.path)
        let holder = RunHolder(person: "ada", host: "vault", process: 42, boot: "b")
        var lock: ScenarioLock? = try runs.lock("loss", run: "run-1", holder: holder)
        let error = #expect(throws: JournalError.self) { try runs.lock("loss", run: "run-2", holder: holder) }
        #expect(error?.reason == .held)
        #expect(error?.detail == "run run-1 by ada on vault, process 42 is in progress")
        _ = try runs.lock("other", run: "run-3", holder: holder)
        withExtendedLifetime(lock) {}
        lock = nil
        // A child of another test has a copy of the descriptor until its exec.
        try await Patience.wait(until: "the lock is free") {
            (try? runs.lock("loss", run: "run-2", holder: holder)) != nil
        }
    }
}
