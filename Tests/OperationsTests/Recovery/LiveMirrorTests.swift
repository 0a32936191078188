import BackupRepository
import Foundation
import Lab
import ObjectStorage
import Platform
import RecoveryPlan
import Synchronization
import Testing

@testable import Operations

/// A run on one machine that another machine watches through the store.
@Suite struct LiveMirrorTests {
    private let folder: TemporaryFolder
    private let repository: Repository
    private static let pace: LiveMirror.Pace = {
        var pace = LiveMirror.Pace()
        pace.least = .milliseconds(30)
        pace.heartbeat = .milliseconds(200)
        pace.firstWait = .milliseconds(40)
        pace.patience = .seconds(3)
        return pace
    }()

    init() throws {
        folder = try TemporaryFolder("live")
        let store = try DirectoryStore(path: "\(folder.path)/store", create: true)
        repository = try Repository.create(in: store, tool: "dr test", now: Timestamp(seconds: 1_790_000_000)).0
    }

    /// A journal in the state folder of the first machine, and the mirror of its run.
    private struct Machine {
        let journal: Journal
        let mirror: LiveMirror
        let id: String
    }

    private func machine(
        _ id: String = "20261129T220000Z-1", process: Int = Int(getpid()), pace: LiveMirror.Pace = Self.pace,
        send: (@Sendable (String, String, String) throws -> Void)? = nil
    ) throws -> Machine {
        let runs = try RunFolder(state: "\(folder.path)/first")
        var record = RunRecord(
            identity: RunIdentity(id: id, stack: "lab", scenario: "loss", set: "20261129T100000Z"), isDrill: false,
            procedure: nil, planDigest: "p", parameters: [:], setDigest: "s", components: ["tree"], tool: "dr test",
            holder: RunHolder(
                person: "me", host: RunHolder.current.host, process: process, boot: MonotonicClock.boot),
            startedAt: Date())
        record.steps = ["stop", "tree"]
        record.needs = ["stop": [], "tree": ["stop"]]
        let follower = RunFollower(nil, progress: RestoreProgress())
        let path = try runs.make(id)
        let journal = try Journal(creating: path, observer: { follower.observe($0) })
        let mirror = LiveMirror(
            follower, folder: (path as NSString).deletingLastPathComponent, pace: pace,
            send: send ?? LiveMirror.sender(to: repository, tool: "dr test"))
        try journal.append(.runBegan(run: record))
        return Machine(journal: journal, mirror: mirror, id: id)
    }

    /// Another machine: its own state folder, and the same store.
    private func watcher() -> LiveRuns {
        LiveRuns(state: "\(folder.path)/second", host: "elsewhere", boot: "other") { [repository] in Marks(repository) }
    }

    private func seen(
        _ run: String, by watcher: LiveRuns, _ condition: (LiveRuns.Entry) -> Bool
    ) async throws -> LiveRuns.Entry? {
        for _ in 0..<200 {
            await watcher.readStoreNow()
            if let entry = watcher.entry(run), condition(entry) { return entry }
            try await Task.sleep(for: .milliseconds(30))
        }
        return watcher.entry(run)
    }

    @Test func `a second machine sees each step of a run, and its end`() async throws {
        let machine = try machine()
        let watcher = watcher()
        try await machine.mirror.during {
            try machine.journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
            let running = try #require(try await seen(machine.id, by: watcher) { $0.run.count(.running) == 1 })
            #expect(running.source == .store && running.news == .current && running.isUnderWay)
            #expect(running.run.steps.map(\.needs) == [[], ["stop"]])
            try machine.journal.append(
                .stepFinished(result: StepResult(step: "stop", attempt: 1, outcome: .done, seconds: 1)))
            #expect(try await seen(machine.id, by: watcher) { $0.run.count(.done) == 1 }?.run.count(.done) == 1)
            try machine.journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        }
        let ended = try #require(try await seen(machine.id, by: watcher) { $0.news == .ended })
        #expect(ended.run.end?.verdict == .recovered)
        #expect(try Marks(repository).live().marks.count == 1)
    }

    @Test func `two runs at once are two entries, the newest first`() async throws {
        let one = try machine("20261129T220000Z-1"), two = try machine("20261129T220001Z-2")
        try await one.mirror.during { try await two.mirror.during {} }
        let watcher = watcher()
        await watcher.readStoreNow()
        #expect(watcher.overview().entries.map(\.run.id) == [two.id, one.id])
    }

    // MARK: Stores that fail

    private static func failure(_ reason: ObjectStoreError.Reason) -> ObjectStoreError {
        ObjectStoreError(reason, operation: "put", key: nil, "refused", store: "here")
    }

    @Test func `a store that refuses the copy is asked once`() async throws {
        let calls = Mutex(0)
        let machine = try machine { _, _, _ in
            calls.withLock { $0 += 1 }
            throw Self.failure(.denied)
        }
        try await machine.mirror.during {
            for number in 0..<5 {
                try machine.journal.append(.noted(text: "\(number)"))
                try await Task.sleep(for: .milliseconds(60))
            }
        }
        #expect(calls.withLock { $0 } == 1)
    }

    @Test func `a store that is away gets the state once it is back`() async throws {
        let isAway = Mutex(true)
        let send = LiveMirror.sender(to: repository, tool: "dr test")
        let machine = try machine { run, whole, open in
            if isAway.withLock({ $0 }) { throw Self.failure(.unreachable) }
            try send(run, whole, open)
        }
        try await machine.mirror.during {
            try await Task.sleep(for: .milliseconds(200))
            #expect(try Marks(repository).live().marks.isEmpty)
            isAway.withLock { $0 = false }
            let watcher = watcher()
            #expect(try await seen(machine.id, by: watcher) { _ in true } != nil)
        }
    }

    @Test func `a store that does not answer delays neither the steps nor the end of a run`() async throws {
        var pace = Self.pace
        pace.patience = .milliseconds(200)
        let released = DispatchSemaphore(value: 0)
        let machine = try machine(pace: pace) { _, _, _ in released.wait() }
        let start = ContinuousClock.now
        try await machine.mirror.during {
            for _ in 0..<20 { try machine.journal.append(.noted(text: "on")) }
            try await Task.sleep(for: .milliseconds(100))
            try machine.journal.append(.runFinished(end: RunEnd(.recovered, reasons: [])))
        }
        // The store never answers; a busy machine may be slow.
        #expect(ContinuousClock.now - start < .seconds(60))
        released.signal()
        // The copy in the folder of the run does not wait for the store.
        let copy = "\(folder.path)/first/runs/\(machine.id)/\(LiveMirror.fileName)"
        let run = WatchedRun(document: try Data(contentsOf: URL(filePath: copy)))
        #expect(run?.end?.verdict == .recovered)
    }

    @Test func `the error of a run passes through, and its last state is copied`() async throws {
        struct Broken: Error {}
        let machine = try machine()
        await #expect(throws: Broken.self) {
            try await machine.mirror.during {
                try machine.journal.append(.noted(text: "last words"))
                throw Broken()
            }
        }
        let watcher = watcher()
        await watcher.readStoreNow()
        #expect(watcher.entry(machine.id)?.run.log.last?.text == "last words")
    }

    // MARK: Killed runs

    @Test func `a watcher says how long it has heard nothing of a run`() async throws {
        let machine = try machine()
        try await machine.mirror.during {}
        let watcher = watcher()
        await watcher.readStoreNow()
        let later = try #require(watcher.entry(machine.id, wall: Date().addingTimeInterval(95)))
        guard case .silent(let seconds) = later.news else {
            Issue.record("\(later.news)")
            return
        }
        #expect(seconds > 90 && seconds < 120)
        #expect(later.run.elapsed > 90)
        // A copy that stays the same while the watcher looks on is not news either.
        #expect(watcher.entry(machine.id, wall: Date().addingTimeInterval(7200))?.isUnderWay == false)
    }

    @Test func `the machine of a run knows that its process has died`() async throws {
        let child = Process()
        child.executableURL = URL(filePath: "/bin/true")
        try child.run()
        child.waitUntilExit()
        let machine = try machine(process: Int(child.processIdentifier))
        try machine.journal.append(.stepBegan(attempt: StepAttempt(step: "stop", attempt: 1)))
        let here = LiveRuns(state: "\(folder.path)/first", marks: nil)
        #expect(here.entry(machine.id)?.news == .died)
        #expect(here.overview().entries.count == 1)
        let alive = try self.machine("20261129T230000Z-2")
        #expect(here.entry(alive.id)?.news == .current)
    }

    // MARK: Hostile copies

    @Test func `copies that are not documents are counted and harm nothing`() async throws {
        let machine = try machine()
        try await machine.mirror.during {}
        let store = repository.store
        let key = Marks.liveKey(machine.id)
        let good = try store.read(key)
        var texts = ["", "{}", String(repeating: "[", count: 200_000), String(repeating: "x", count: 2 << 20)]
        // The document of one run under the key of another.
        texts.append(String(decoding: good, as: UTF8.self))
        for (number, text) in texts.enumerated() {
            _ = try store.put(
                try #require(ObjectKey("marks/live/junk\(number).json")), Array(text.utf8), options: PutOptions(.none))
        }
        try Marks(repository).putLive(
            run: "x", at: Timestamp(seconds: 1_790_000_000), tool: "t", whole: "{\"id\":7}", open: "")
        try Marks(repository).putLive(
            run: "../../etc", at: Timestamp(seconds: 1_790_000_000), tool: "t",
            whole: String(decoding: good, as: UTF8.self), open: "")
        let watcher = watcher()
        await watcher.readStoreNow()
        let overview = watcher.overview()
        #expect(overview.entries.map(\.run.id) == [machine.id])
        #expect(overview.unreadable == texts.count + 2)
        #expect(overview.problem == nil)
    }

    @Test(arguments: ["..", "../x", "/etc/passwd", "a/b", "", ".live", String(repeating: "a", count: 300), "a\u{0}b"])
    func `the name of a run from an address does not leave the folder of runs`(name: String) {
        #expect(LiveRuns(state: folder.path, marks: nil).entry(name) == nil)
        #expect(!RunFolder.isProperName(name))
    }

    @Test func `a watcher whose store is away keeps what it knew`() async throws {
        let machine = try machine()
        try await machine.mirror.during {}
        let isAway = Mutex(false)
        let watcher = LiveRuns(state: "\(folder.path)/second") { [repository] in
            if isAway.withLock({ $0 }) { throw Self.failure(.unreachable) }
            return Marks(repository)
        }
        await watcher.readStoreNow()
        isAway.withLock { $0 = true }
        await watcher.readStoreNow()
        let overview = watcher.overview()
        #expect(overview.entries.count == 1)
        #expect(overview.problem?.contains("refused") == true && overview.storeAge != nil)
    }
}
