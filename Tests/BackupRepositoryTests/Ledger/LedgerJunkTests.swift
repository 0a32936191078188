import Cryptography
import Foundation
import Lab
import ObjectStorage
import Platform
import Testing

@testable import BackupRepository

/// Anyone who can write to the store can add objects to the ledger.
@Suite struct LedgerJunkTests {
    private let store = MemoryStore(clock: 1_800_000_000)
    private let now = Timestamp(seconds: 1_800_000_000)

    private func draft(_ run: String = "r", _ phase: LedgerEntry.Phase = .ended) -> LedgerEntry {
        var entry = LedgerEntry(.backup, phase, run: run, at: now, host: "a", tool: "test")
        entry.verdict = "complete"
        return entry
    }

    private func findings(_ repository: Repository) async throws -> [String] {
        let report = try await RunLedger(repository).verify(known: nil, pool: Fixture.pool)
        return Set(report.findings.map(\.kind.rawValue)).sorted()
    }

    @Test(arguments: [1, 7, 8, 9, 2000])
    func `objects that are not entries cost a new entry little, and their removal leaves a sound chain`(
        count: Int
    ) async throws {
        let repository = try Repository.create(in: store, tool: "test", now: now).0
        let head = try RunLedger(repository).append(draft(), after: nil).head
        for number in 2..<2 + count { _ = try store.put(RunLedger.key(number), [7], options: PutOptions()) }
        let counting = CountingStore(store)
        let appended = try RunLedger(try Repository(opening: counting)).append(draft("next"), after: head)
        #expect(appended.head.number == 2 + count)
        #expect(appended.previous == head)
        #expect(counting.calls.count < 1000)
        #expect(try await findings(repository) == ["foreign"])
        _ = try store.delete((2..<2 + count).map(RunLedger.key))
        #expect(try await findings(repository) == [])
        #expect(try RunLedger(repository).append(draft("last"), after: nil).previous == appended.head)
    }

    @Test func `an object in the place of the first entry does not end the ledger`() async throws {
        let repository = try Repository.create(in: store, tool: "test", now: now).0
        _ = try store.put(RunLedger.key(1), [7], options: PutOptions())
        let first = try RunLedger(repository).append(draft(), after: nil)
        #expect(first.head.number == 2)
        _ = try RunLedger(repository).append(draft("next"), after: first.head)
        #expect(try await findings(repository) == ["foreign"])
    }

    enum Obstacle: CaseIterable { case link, folder, pipe }

    @Test(arguments: Obstacle.allCases)
    func `a name that is not a file takes only a number`(obstacle: Obstacle) async throws {
        let fixture = try Fixture()
        let repository = try fixture.repository()
        let head = try RunLedger(repository).append(draft(), after: nil).head
        let path = fixture.file(of: RunLedger.key(2)).path
        switch obstacle {
        case .link: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nonexistent")
        case .folder: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        case .pipe: #expect(mkfifo(path, 0o600) == 0)
        }
        let appended = try RunLedger(repository).append(draft("next"), after: head)
        #expect(appended.head.number == 3)
        #expect(appended.previous == head)
        #expect(try await findings(repository) == [])
    }

    @Test func `numbers that stay taken end with an error`() throws {
        let repository = try Repository.create(in: TakenStore(store), tool: "test", now: now).0
        let error = #expect(throws: RepositoryError.self) { try RunLedger(repository).append(draft(), after: nil) }
        #expect(error?.reason == .damaged)
    }

    @Test func `a long text of few characters is cut by its bytes`() throws {
        let text = String(repeating: "a" + String(repeating: "\u{301}", count: 100), count: 150)
        var entry = draft()
        entry.number = 1
        entry.reason = LedgerEntry.shortened(text)
        #expect(entry.defect == nil)
        #expect(entry.reason?.hasSuffix("…") == true)
        entry.reason = text
        #expect(entry.defect != nil)
        let repository = try Repository.create(in: store, tool: "test", now: now).0
        #expect(throws: RepositoryError.self) { try RunLedger(repository).append(entry, after: nil) }
        #expect(try store.head(RunLedger.key(1)) == nil, "readers would refuse it for ever")
    }
}

/// A store in which every key of the ledger is taken.
private final class TakenStore: ObjectStore {
    private let store: any ObjectStore
    var location: String { store.location }

    init(_ store: any ObjectStore) { self.store = store }

    func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo {
        guard !key.text.hasPrefix("marks/ledger/") else {
            throw ObjectStoreError(.alreadyExists, operation: "put", key: key, "taken", store: location)
        }
        return try store.put(key, content, options: options)
    }

    func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload { try store.upload(key, options) }
    func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws {
        try store.get(key, range: range, sink)
    }
    func head(_ key: ObjectKey) throws -> ObjectInfo? { try store.head(key) }
    func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try store.list(prefix: prefix, after: after, body)
    }
    func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { try store.delete(keys) }
}
