package import BackupRepository
import Cryptography
import FoundationEssentials
import ObjectStorage
import Platform
import StackConfiguration
import Synchronization

/// The state of the stack for the console, its API and its metrics: read in the background, kept while the store is
/// away.
///
/// A refresh asks the store which sets and marks exist, and reads only what is new. The last state is also in the state
/// folder, so that a console that starts while the store is away has one too.
package final class StackState: Sendable {
    package struct Snapshot: Sendable {
        package var overview: StackOverview
        package var shelf: SetShelf
        /// The time when the store last confirmed this state.
        package var confirmed: Timestamp
        /// The reason why the newest refresh failed; nil if it did not.
        package var failure: String?
    }

    private struct State {
        var snapshot: Snapshot?
        var sets: [Timestamp: StoredSet] = [:]
        var failure: String?
        var fingerprint: Digest?
        var gaps: GapReport?
        var gapsAt: Timestamp?
    }

    package let session: Session
    private let results: ResultReader
    private let state = Mutex(State())
    private let opened = Mutex<(repository: Repository, at: Timestamp)?>(nil)

    /// Seconds between two searches for gaps, which ask servers.
    private static let gapInterval = 900
    /// Seconds after which everything is computed again, although sets and marks are the same.
    private static let longestRest = 600

    package init(_ session: Session) {
        self.session = session
        results = ResultReader(session)
        load()
    }

    /// The last known state; nil before the first refresh.
    package var snapshot: Snapshot? { state.withLock(\.snapshot) }

    /// The reason why the newest refresh failed.
    package var failure: String? { state.withLock(\.failure) }

    /// Refreshes the state again and again, until the task is cancelled.
    package func keepFresh(every interval: Duration = .seconds(60)) async {
        while !Task.isCancelled {
            await refresh()
            try? await Task.sleep(for: interval)
        }
    }

    /// Asks the store, and computes what has changed. A failure keeps the state, and notes the reason.
    package func refresh() async {
        do {
            let snapshot = try await read()
            state.withLock { state in
                state.snapshot = snapshot
                state.failure = nil
            }
            await session.pool.run { [self] in save() }
        } catch {
            guard !(error is CancellationError) else { return }
            let results = await results()
            state.withLock { state in
                state.snapshot?.overview.results = results
                state.failure = "\(error)"
                state.snapshot?.failure = "\(error)"
            }
        }
        ProcessMemory.trim()  // reading thousands of documents leaves free pages behind
    }

    /// The repository of the stack, opened again from time to time. A recovery key is loaded once: its passphrase may be
    /// asked for at the terminal.
    package func repository() async throws -> Repository {
        let now = session.now()
        let isLasting = session.recoveryKey != nil
        if let known = opened.withLock({ $0 }), isLasting || now.seconds - known.at.seconds < Self.longestRest {
            return known.repository
        }
        var repository = try await session.repository()
        repository.cache = (try? session.state(of: repository))?.documents(isRead: true)
        opened.withLock { [repository] in $0 = (repository, now) }
        return repository
    }

    private func read() async throws -> Snapshot {
        let now = session.now()
        let repository = try await repository()
        let (names, fingerprint) = try await session.pool.run { try Self.listing(of: repository) }
        if let known = state.withLock({ $0.fingerprint == fingerprint ? $0.snapshot : nil }),
            now.seconds - known.overview.at.seconds < Self.longestRest
        {
            var known = known
            (known.confirmed, known.failure) = (now, nil)
            known.overview.results = await results()
            return known
        }
        let unreadable = try await readNew(names, of: repository)
        let marks = try await session.pool.run { try SetMarks(Marks(repository), now: now) }
        let sets = state.withLock { state in names.compactMap { state.sets[$0] } }
        let folder = try? session.state(of: repository)
        var shelf = SetShelf(
            sets, marks: marks, session: session, lastPrune: folder?.lastPrune(), failedRuns: folder?.failedRuns() ?? 0,
            at: now)
        shelf.unreadable = unreadable
        let status = try await StatusReport(session, repository)
        let storage = try await session.pool.run { try RepositoryStorage(of: repository) }
        let gaps = await gaps(at: now)
        var overview = StackOverview(
            session, status: status, shelf: shelf, storage: storage, gaps: gaps, store: repository.store.location,
            at: now)
        overview.results = await results()
        state.withLock { $0.fingerprint = fingerprint }
        return Snapshot(overview: overview, shelf: shelf, confirmed: now, failure: nil)
    }

    /// The newest results on this machine, which do not need the store.
    private func results() async -> LastResults {
        let repository = opened.withLock { $0?.repository }
        return await session.pool.run { [session, results] in
            results.read(repository.flatMap { try? session.state(of: $0) })
        }
    }

    /// - Returns: the names of the sets, and a digest of the names of all sets and marks.
    private static func listing(of repository: Repository) throws -> (names: [Timestamp], fingerprint: Digest) {
        let names = try repository.setNames()
        var hash = SHA256()
        for name in names { hash.update(Array(name.description.utf8).span.bytes) }
        try repository.store.list(prefix: "marks/", after: nil) { object in
            try Task.checkCancellation()
            hash.update(Array(object.key.text.utf8).span.bytes)
            return .proceed
        }
        return (names, Digest(bytes: hash.finalize()))
    }

    /// Reads the sets that are not known yet, some at a time, and forgets those that are gone.
    private func readNew(
        _ names: [Timestamp], of repository: Repository
    ) async throws -> [(name: Timestamp, reason: String)] {
        let known = state.withLock { state in
            let wanted = Set(names)
            state.sets = state.sets.filter { wanted.contains($0.key) }
            return Set(state.sets.keys)
        }
        var unreadable: [(name: Timestamp, reason: String)] = []
        var rest = names.filter { !known.contains($0) }[...]
        while !rest.isEmpty {
            let batch = Array(rest.suffix(100))
            rest = rest.dropLast(batch.count)
            let (sets, failed) = try await repository.sets(batch, pool: session.pool)
            unreadable += failed
            state.withLock { state in
                for set in sets { state.sets[set.name] = StoredSet(set, in: repository.scope) }
            }
        }
        return unreadable.sorted { $0.name < $1.name }
    }

    private func gaps(at now: Timestamp) async -> GapReport? {
        let (known, at) = state.withLock { ($0.gaps, $0.gapsAt) }
        if let at, now.seconds - at.seconds < Self.gapInterval { return known }
        let session = session
        let found = try? await TimeBound.run(.seconds(30)) { try await GapSearch(session: session).run() }
        state.withLock { state in
            state.gaps = found
            state.gapsAt = now
        }
        return found
    }

    // MARK: The copy in the state folder

    private var folder: String { "\(session.stateRoot)/console" }
    /// A copy of another store must not be shown.
    private var address: String {
        Digest(of: Array("\(session.configuration.stack) \(session.configuration.store.url)".utf8)).hex
    }
    private var file: String { "\(folder)/\(address.prefix(16)).jsonl" }

    private struct Head: Codable {
        var format = 1
        var overview: StackOverview
        var confirmed: Timestamp
    }

    /// Writes one document a line: a reader needs the memory of one line.
    private func save() {
        let (snapshot, sets) = state.withLock { ($0.snapshot, $0.sets) }
        guard let snapshot else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let head = try? encoder.encode(Head(overview: snapshot.overview, confirmed: snapshot.confirmed)) else {
            return
        }
        var text = [UInt8](head) + [UInt8(ascii: "\n")]
        for set in sets.values.sorted(by: { $0.name < $1.name }) {
            guard let line = try? encoder.encode(set) else { return }
            text += line
            text.append(UInt8(ascii: "\n"))
        }
        // Without the copy only the next start is slower: no reason to fail.
        try? Folder.makePrivate(folder)
        try? OutputFile.write(text, to: file, mode: 0o600, links: .refuse)
    }

    private func load() {
        guard let data = try? Data(contentsOf: URL(filePath: file)) else { return }
        let decoder = JSONDecoder()
        var lines = data.split(separator: UInt8(ascii: "\n"))
        guard !lines.isEmpty, let head = try? decoder.decode(Head.self, from: lines.removeFirst()), head.format == 1
        else {
            return
        }
        let sets = lines.compactMap { try? decoder.decode(StoredSet.self, from: $0) }
        state.withLock { state in
            state.sets = Dictionary(sets.map { ($0.name, $0) }) { first, _ in first }
            state.snapshot = Snapshot(
                overview: head.overview,
                shelf: SetShelf(
                    sets, marks: SetMarks(), session: session, lastPrune: nil, failedRuns: 0, at: session.now()),
                confirmed: head.confirmed, failure: nil)
        }
    }
}
