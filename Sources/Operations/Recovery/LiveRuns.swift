package import BackupRepository
package import FoundationEssentials
import Cryptography
import Glibc
import ObjectStorage
import Platform
package import RecoveryPlan
import Synchronization

/// The newest runs of plans: those of this machine from their journals, those of other machines from the copies in the
/// store, see ``LiveMirror``. May be used from any thread.
package final class LiveRuns: Sendable {
    package struct Entry: Equatable, Sendable {
        package enum Source: Equatable, Sendable { case thisHost, store }

        package enum News: Equatable, Sendable {
            /// The run has ended.
            case ended
            /// The run works.
            case current
            /// The process of the run no longer exists, and the run has no end.
            case died
            /// Nothing was heard of the run for some seconds.
            case silent(seconds: Double)
        }

        /// The state now.
        package var run: WatchedRun
        package var source: Source
        package var news: News

        /// True if the run works, or may still work.
        package var isUnderWay: Bool {
            switch news {
            case .current: true
            case .silent(let seconds): seconds < 3600
            case .ended, .died: false
            }
        }
    }

    /// The runs, and what is known about the store.
    package struct Overview: Equatable, Sendable {
        /// The newest first.
        package var entries: [Entry]
        /// The reason why the store could not be read; nil if it was read, or if there is none.
        package var problem: String?
        /// Seconds since the copies in the store were read; nil if they never were.
        package var storeAge: Double?
        /// The number of copies in the store that could not be read.
        package var unreadable = 0
        /// True if the store has more states than were looked at.
        package var isPartial = false
    }

    private struct Version: Equatable {
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    /// The facts of a run's own copy that its journal does not have.
    private struct Copy {
        var heardAt: Double
        var transfers: [WatchedTransfer]
    }

    private struct StoredRun {
        var run: WatchedRun
        var size: Int
        var modified: Int?
        /// The digest of the document.
        var digest: Digest
        /// The monotonic clock when another state was first seen than before; nil for the first one.
        var changed: Double?
    }

    private struct State {
        var journals: [String: (version: Version, glance: JournalGlance?)] = [:]
        var copies: [String: (version: Version, copy: Copy?)] = [:]
        var stored: [String: StoredRun] = [:]
        var isReading = false
        /// The monotonic clock when the store was read, and when a reading was last started.
        var read: Double?
        var tried: Double?
        var problem: String?
        var unreadable = 0
        var isPartial = false
    }

    private let runs: RunFolder
    private let host: String
    private let boot: String
    private let stack: String?
    private let marks: (@Sendable () async throws -> Marks)?
    private let state = Mutex(State())
    private let threads = BlockingPool(threads: 1)
    private let decoded = Atomic(0)

    /// The number of documents of runs that were decoded: one for each change, however many viewers ask.
    package var decodedDocuments: Int { decoded.load(ordering: .relaxed) }

    /// The number of runs of this machine that are looked at.
    private static let most = 20
    /// Seconds without news after which a run counts as silent.
    package static let silence = 30.0
    /// Seconds between two readings of the store.
    private static let pause = 2.0

    /// - Parameters:
    ///   - state: the state folder.
    ///   - stack: the stack whose runs are shown; nil for those of all stacks.
    ///   - marks: opens the repository; nil to look at this machine only.
    package init(
        state: String, stack: String? = nil, host: String = RunHolder.current.host, boot: String = MonotonicClock.boot,
        marks: (@Sendable () async throws -> Marks)?
    ) {
        runs = RunFolder(reading: state)
        self.host = host
        self.boot = boot
        self.stack = stack
        self.marks = marks
    }

    // MARK: Reading

    /// Returns the runs. It reads journals, which is quick, and never waits for the store: it starts to read it, and
    /// returns what is known of it so far.
    package func overview(
        now: Double = MonotonicClock.seconds, wall: Date = WallClock.system.now
    ) -> Overview {
        readStore(now: now)
        let local = localEntries(now: now, wall: wall)
        return state.withLock { state in
            let known = Set(local.map(\.run.id))
            let stored = state.stored.values.filter { !known.contains($0.run.id) }.map {
                Self.entry($0, now: now, wall: wall)
            }
            let entries = (local + stored).sorted { ($0.run.startedAt, $0.run.id) > ($1.run.startedAt, $1.run.id) }
            return Overview(
                entries: entries, problem: state.problem, storeAge: state.read.map { max(0, now - $0) },
                unreadable: state.unreadable, isPartial: state.isPartial)
        }
    }

    /// Returns one run; nil if neither this machine nor the store has it.
    package func entry(
        _ run: String, now: Double = MonotonicClock.seconds, wall: Date = WallClock.system.now
    ) -> Entry? {
        readStore(now: now)
        if let entry = localEntry(run, now: now, wall: wall) { return entry }
        return state.withLock { $0.stored[run].map { Self.entry($0, now: now, wall: wall) } }
    }

    /// Waits until the store was read once, or for some time.
    package func readStoreNow(patience: Duration = .seconds(5)) async {
        let began = MonotonicClock.seconds
        readStore(now: began, isForced: true)
        let end = ContinuousClock.now.advanced(by: patience)
        while ContinuousClock.now < end, state.withLock({ $0.isReading }) {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: This machine

    private func localEntries(now: Double, wall: Date) -> [Entry] {
        let names = runs.runs().reversed().prefix(Self.most)
        state.withLock { state in
            let kept = Set(names)
            for name in state.journals.keys where !kept.contains(name) { state.journals[name] = nil }
            for name in state.copies.keys where !kept.contains(name) { state.copies[name] = nil }
        }
        return names.compactMap { localEntry($0, now: now, wall: wall) }
    }

    private func localEntry(_ name: String, now: Double, wall: Date) -> Entry? {
        // A name comes from the address of a page.
        guard RunFolder.isProperName(name), let glance = glance(name), isOwn(glance.run) else { return nil }
        var run = glance.run(at: wall, boot: boot, uptime: now)
        run.id = name
        guard run.end == nil else { return Entry(run: run, source: .thisHost, news: .ended) }
        let folder = "\(runs.path)/\(name)"
        var heard = glance.run.heardAt
        if let copy = copy(name, at: "\(folder)/\(LiveMirror.fileName)") {
            heard = max(heard, copy.heardAt)
            if wall.timeIntervalSince1970 - copy.heardAt < Self.silence { run.transfers = copy.transfers }
        }
        let age = max(0, wall.timeIntervalSince1970 - heard)
        guard run.host == host else {
            return Entry(run: run, source: .thisHost, news: age > Self.silence ? .silent(seconds: age) : .current)
        }
        let isAlive = run.boot == boot && Self.exists(run.process)
        guard isAlive else { return Entry(run: glance.run, source: .thisHost, news: .died) }
        return Entry(run: run, source: .thisHost, news: .current)
    }

    private func isOwn(_ run: WatchedRun) -> Bool { stack.map { $0 == run.stack } ?? true }

    private func glance(_ name: String) -> JournalGlance? {
        let path = runs.journal(of: name)
        guard let version = Self.version(path) else { return nil }
        if let known = state.withLock({ $0.journals[name] }), known.version == version { return known.glance }
        guard let bytes = Self.read(path, most: JournalGlance.mostBytes) else { return nil }
        let glance = JournalGlance(bytes)
        state.withLock { state in
            if state.journals.count > Self.most * 4 { state.journals = [:] }
            state.journals[name] = (version, glance)
        }
        return glance
    }

    /// Returns the copy of a run that works here, decoded once for each change of the file.
    private func copy(_ name: String, at path: String) -> Copy? {
        guard let version = Self.version(path) else { return nil }
        if let known = state.withLock({ $0.copies[name] }), known.version == version { return known.copy }
        guard let bytes = Self.read(path, most: 1 << 20) else { return nil }
        let copy = decode(bytes).map { Copy(heardAt: $0.heardAt, transfers: $0.end == nil ? $0.transfers : []) }
        state.withLock { state in
            if state.copies.count > Self.most * 4 { state.copies = [:] }
            state.copies[name] = (version, copy)
        }
        return copy
    }

    private func decode(_ document: some Sequence<UInt8>) -> WatchedRun? {
        decoded.add(1, ordering: .relaxed)
        return WatchedRun(document: document)
    }

    /// - Returns: nil unless the path is that of a file.
    private static func version(_ path: String) -> Version? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Version(size: Int(status.st_size), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }

    /// Returns the first bytes of a file.
    private static func read(_ path: String, most: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while bytes.count < most {
            let count = Glibc.read(file, &buffer, min(buffer.count, most - bytes.count))
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes += buffer.prefix(count)
        }
        return bytes
    }

    private static func exists(_ process: Int) -> Bool {
        guard let process = pid_t(exactly: process), process > 0 else { return false }
        return kill(process, 0) == 0 || errno == EPERM
    }

    // MARK: The store

    private static func entry(_ stored: StoredRun, now: Double, wall: Date) -> Entry {
        guard stored.run.end == nil else { return Entry(run: stored.run, source: .store, news: .ended) }
        // The clocks of two machines may differ, so a change that was seen counts more than the time of the other machine.
        let age = stored.changed.map { max(0, now - $0) } ?? max(0, wall.timeIntervalSince1970 - stored.run.heardAt)
        return Entry(
            run: stored.run.advanced(by: age), source: .store,
            news: age > Self.silence ? .silent(seconds: age) : .current)
    }

    private func readStore(now: Double, isForced: Bool = false) {
        guard let marks else { return }
        let starts = state.withLock { state in
            guard !state.isReading, isForced || now - (state.tried ?? -.infinity) >= Self.pause else { return false }
            state.isReading = true
            state.tried = now
            return true
        }
        guard starts else { return }
        Task { [self] in
            do {
                let marks = try await marks()
                let ended = state.withLock { state in state.stored.filter { $0.value.run.end != nil } }
                let found = try await threads.run {
                    try marks.live { object in
                        ended.values.contains {
                            object.key == Marks.liveKey($0.run.id) && object.size == $0.size
                                && object.modified == $0.modified
                        }
                    }
                }
                keep(found.marks, unreadable: found.unreadable, isPartial: found.isPartial)
            } catch {
                state.withLock { $0.problem = "\(error)" }
            }
            state.withLock { $0.isReading = false }
        }
    }

    /// Takes what the store has. Decodes the documents that changed; only one reading runs at a time.
    private func keep(_ found: [(object: ObjectInfo, mark: LiveMark?)], unreadable: Int, isPartial: Bool) {
        let known = state.withLock(\.stored)
        let now = MonotonicClock.seconds
        var stored: [String: StoredRun] = [:]
        var unreadable = unreadable
        for (object, mark) in found {
            guard let mark else {
                if let same = known.first(where: { Marks.liveKey($0.key) == object.key }) {
                    stored[same.key] = same.value
                }
                continue
            }
            let digest = Digest(of: Array(mark.document.utf8))
            if var same = known[mark.run], same.digest == digest {
                (same.size, same.modified) = (object.size, object.modified)
                stored[mark.run] = same
                continue
            }
            // The name of the run is that of the mark, whose key belongs to it.
            guard var run = decode(mark.document.utf8), RunFolder.isProperName(mark.run) else {
                unreadable += 1
                continue
            }
            guard isOwn(run) else { continue }
            run.id = mark.run
            stored[mark.run] = StoredRun(
                run: run, size: object.size, modified: object.modified, digest: digest,
                changed: known[mark.run].map { $0.run == run ? $0.changed : now } ?? nil)
        }
        state.withLock { [stored, unreadable] state in
            state.stored = stored
            state.unreadable = unreadable
            state.isPartial = isPartial
            state.read = now
            state.problem = nil
        }
    }
}
