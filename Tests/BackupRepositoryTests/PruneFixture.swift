import Foundation
import Lab
import Logging
import ObjectStorage
import Retention
import Synchronization
import Testing
@testable import BackupRepository

/// A repository in memory with a history, under a clock that the test advances.
final class PruneFixture: Sendable {
    let fixture: Fixture
    let store: MemoryStore
    /// The lock of the configuration, for repositories that are opened from now on.
    let lock = Mutex<ObjectLock?>(nil)
    /// The content of the source tree when each set was made: path to content.
    private let trees = Mutex([Timestamp: [String: [UInt8]]]())
    private let tree = Mutex([String: [UInt8]]())

    /// 2026-01-01 00:00:00 UTC.
    static let beginning = 1_767_225_600

    init() throws {
        fixture = try Fixture()
        store = MemoryStore(clock: Self.beginning)
        _ = try repository()
    }

    func repository(_ store: (any ObjectStore)? = nil) throws -> Repository {
        var repository = try fixture.repository(store ?? self.store)
        repository.lock = lock.withLock { $0 }
        return repository
    }

    var now: Timestamp { Timestamp(seconds: store.clock) }
    func pass(seconds: Int) { store.clock += seconds }
    func pass(hours: Int) { store.clock += hours * 3600 }

    func write(_ path: String, _ content: [UInt8]?) throws {
        if let content {
            try fixture.write(path, content)
        } else {
            try FileManager.default.removeItem(at: fixture.source.appending(path: path))
        }
        tree.withLock { $0[path] = content }
    }

    @discardableResult
    func backup(_ store: (any ObjectStore)? = nil, state: String = "state") async throws -> BackupSet {
        let now = now
        let content = tree.withLock { $0 }
        // Another machine would not build upon the sets of this one: they are not signed.
        let (own, other) = (fixture.folder.url.appending(path: "state"), fixture.folder.url.appending(path: state))
        if FileManager.default.fileExists(atPath: own.path), !FileManager.default.fileExists(atPath: other.path) {
            try FileManager.default.copyItem(at: own, to: other)
        }
        let set = try await fixture.backup(try repository(store), state: state, now: { now }).set
        trees.withLock { $0[set.name] = content }
        return set
    }

    /// Records the expected content of a set that was committed by a run that then failed.
    func note(_ set: Timestamp) { note(set, tree.withLock { $0 }) }
    func note(_ set: Timestamp, _ content: [String: [UInt8]]) { trees.withLock { $0[set] = content } }

    func content(of set: Timestamp) -> [String: [UInt8]]? { trees.withLock { $0[set] } }

    /// Returns the files of a flat folder beside the source.
    func files(of folder: String) throws -> [String: [UInt8]] {
        let root = fixture.folder.url.appending(path: folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: root.path)
        return try Dictionary(
            uniqueKeysWithValues: names.map { ($0, try Array(Data(contentsOf: root.appending(path: $0)))) })
    }

    @discardableResult
    func prune(
        _ store: (any ObjectStore)? = nil, keepLast: Int = 1, grace: Int = 86_400,
        _ change: (inout Prune) -> Void = { _ in }
    ) async throws -> PruneReport {
        let now = now
        var policy = RetentionPolicy(keepLast: keepLast)
        policy.limits.largestDrop = 1
        var prune = Prune(
            repository: try repository(store), policy: policy, tool: "test", pool: Fixture.pool, now: { now })
        prune.grace = grace
        prune.lanes = 1
        change(&prune)
        return try await prune.run()
    }

    /// Checks that every set restores to its source, byte for byte, and that a verification has no findings.
    func expectWhole(
        _ store: MemoryStore? = nil, verifying: Bool = true, _ remark: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let repository = try repository(store)
        for name in try repository.setNames() {
            let set: BackupSet
            do { set = try repository.set(name) } catch let error as RepositoryError where error.reason == .noSuchSet {
                continue
            }
            let manifest = try repository.manifest("tree", of: set)
            let found = try contents(of: manifest, in: repository)
            let expected = trees.withLock { $0[name] }
            #expect(found == expected, "set \(name) \(remark)", sourceLocation: sourceLocation)
        }
        guard verifying else { return }
        let report = try await fixture.verify(repository, share: 1)
        #expect(report.findings.isEmpty, "\(remark): \(report.findings)", sourceLocation: sourceLocation)
    }

    /// Returns the files of a manifest, read without the code for restores.
    private func contents(of manifest: Manifest, in repository: Repository) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for use in manifest.packs {
            let index = try repository.index("tree", use)
            for number in use.liveMembers.ranges.joined() {
                let member = index.members[number]
                guard let record = member.record, record.kind == .file else { continue }
                var place = (index, number)
                if let from = member.from {
                    guard let other = manifest.packs.first(where: { $0.pack == from.pack }) else {
                        throw RepositoryError.damaged(from.pack, "a manifest lacks a pack that lends")
                    }
                    place = (try repository.index("tree", other), from.member)
                }
                found[record.name] = try content(of: place.0.members[place.1], in: place.0, repository)
            }
        }
        return found
    }

    private func content(of member: PackIndex.Member, in index: PackIndex, _ repository: Repository) throws -> [UInt8] {
        guard let offset = member.offset, let size = member.size, size > 0 else { return [] }
        var content: [UInt8] = []
        let reader = try PackReader(index, in: repository)
        let piece = PackReader.Piece(plain: offset..<offset + size) { bytes in
            bytes.withUnsafeBytes { content += $0 }
        } fail: { reason in
            Issue.record("\(reason)")
        }
        try reader.readAll([piece]) { Issue.record("\($0)") }
        return content
    }
}
