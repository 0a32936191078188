import Cryptography
import Foundation
import ObjectStorage
import Platform
import Testing

@testable import BackupRepository

/// Copies of repositories that are encrypted to other recipients.
@Suite struct RekeyTests {
    private let old: (certificate: RecoveryCertificate, key: RecoveryKey)
    private let new: (certificate: RecoveryCertificate, key: RecoveryKey)

    /// Of the machine: one for each repository, as in its state folder.
    private let documentKeys = (source: DocumentKey.generate(), target: DocumentKey.generate())

    init() throws { (old, new) = (try Fixture.recipient("old"), try Fixture.recipient("new")) }

    private static let start = PruneFixture.beginning
    private static let now = Timestamp(seconds: start + 10 * 3600)

    /// Three sets in a repository in memory, signed by a key of its own.
    private func source(_ fixture: Fixture, isEncrypted: Bool) async throws -> Repository {
        let store = MemoryStore(clock: Self.start)
        var repository = try fixture.repository(store)
        if isEncrypted {
            repository.encryption = .init(recipients: [old.certificate], key: old.key)
            repository.encryption.documentKeys = [documentKeys.source]
        }
        let signer = try await fixture.signer("source")
        repository.signing = SetSigning(signer: signer, trusted: [signer.certificate])
        try fixture.writeTree()
        for number in 1...3 {
            try fixture.write("many/0", "content \(number)")
            try fixture.write("added-\(number)", Fixture.noise(5000, seed: UInt64(number)))
            store.clock += 3600
            let time = Timestamp(seconds: store.clock)
            try await fixture.backup(repository, now: { time })
        }
        let marks = Marks(repository)
        let names = try repository.setNames()
        try marks.put(PinnedMark(at: Self.now, set: names[0], until: nil, reason: "legal hold"))
        try marks.put(DrilledMark(at: Self.now, tool: "test", set: names[1], scenario: nil, passed: true))
        try marks.put(RecordedMark(tool: "test", set: names[2], results: [], canaries: []))
        return repository
    }

    private func opened(_ store: any ObjectStore, as other: Repository) throws -> Repository {
        var repository = try Repository(opening: store)
        (repository.encryption, repository.signing) = (other.encryption, other.signing)
        return repository
    }

    private func target(
        of source: Repository, in store: any ObjectStore, signer: SigningIdentity, isEncrypted: Bool = true
    ) throws -> Repository {
        var (target, _) = try Repository.forRekey(of: source, in: store, tool: "test", now: Self.now)
        if isEncrypted {
            target.encryption = .init(recipients: [new.certificate], key: new.key)
            target.encryption.documentKeys = [documentKeys.target]
        }
        target.signing = SetSigning(signer: signer, trusted: [signer.certificate])
        return target
    }

    private func rekey(
        _ source: Repository, to target: Repository, _ names: [Timestamp]? = nil
    ) async throws -> Rekey.Report {
        var source = source
        source.encryption.allowsClear = true
        let rekey = Rekey(
            source, to: target, tool: "test", now: Self.now, pool: Fixture.pool, progress: WorkProgress())
        return try await rekey.run(try names ?? source.setNames())
    }

    /// All contents that a set restores, by path.
    private func contents(_ set: BackupSet, in repository: Repository) throws -> [String: String] {
        var found: [String: String] = [:]
        for use in try repository.manifest("tree", of: set).packs {
            for (number, member) in try repository.index("tree", use).members.enumerated()
            where use.liveMembers.contains(number) {
                found["\(member.path ?? "") \(member.mode) \(member.mtime)"] = member.sha256?.hex ?? ""
            }
        }
        return found
    }

    @Test(arguments: [(true, true), (false, true), (true, false)])
    func `a copy restores the same with the new key alone`(_ wasEncrypted: Bool, _ isEncrypted: Bool) async throws {
        let fixture = try Fixture()
        let source = try await source(fixture, isEncrypted: wasEncrypted)
        let before = (source.store as? MemoryStore)?.fork()
        let signer = try await fixture.signer("copy")
        let store = MemoryStore(clock: Self.start)
        let target = try target(of: source, in: store, signer: signer, isEncrypted: isEncrypted)
        let report = try await rekey(source, to: target)
        #expect(report.sets == 3 && report.manifests == 3 && report.packs > 3 && report.contents > 20)
        #expect(report.failed.isEmpty && report.findings.isEmpty && report.packsPresent == 0)
        let names = try source.setNames()
        #expect(try target.setNames() == names)
        // The source is only read.
        #expect((source.store as? MemoryStore)?.keys == before?.keys)

        for name in names {
            let (mine, theirs) = (try source.set(name), try target.set(name))
            #expect(theirs.repository == target.description.id && theirs.run == mine.run)
            #expect(theirs.number == mine.number && theirs.previous == mine.previous)
            #expect(theirs.recipients == (isEncrypted ? [new.certificate.fingerprint.hex] : nil))
            #expect(try contents(theirs, in: target) == contents(mine, in: source))
        }
        // Every byte of the copy, read with its own key.
        let verified = try await fixture.verify(target)
        #expect(verified.findings.isEmpty && verified.packsSealed == 0 && verified.filesRead == report.contents)
        try await fixture.restore(target, set: try target.set(try #require(names.last)), to: "out")
        try await fixture.expectSame("out")
        if isEncrypted {
            var stranger = target
            stranger.encryption.key = old.key
            await #expect(throws: RepositoryError.self) {
                try await fixture.restore(stranger, set: try target.set(names[0]), to: "stranger")
            }
            #expect(store.keys("tree/packs/").allSatisfy { !$0.text.hasSuffix(".tar.gz") })
        }
        let facts = try SetMarks(Marks(target))
        #expect(facts[names[0]].pinned == .init(until: nil, reason: "legal hold"))
        #expect(facts[names[1]].drilled == Self.now && facts[names[1]].verified == nil)
        #expect(facts[names[2]].checked == Self.now)
        #expect(try Marks(target).recorded(with: names[2]) != nil)
    }

    @Test func `a copy that was killed anywhere is completed by the next run`() async throws {
        let fixture = try Fixture()
        let source = try await source(fixture, isEncrypted: true)
        let signer = try await fixture.signer("copy")
        let whole = FaultyStore(MemoryStore(clock: Self.start))
        _ = try await rekey(source, to: try target(of: source, in: whole, signer: signer))
        let operations = whole.operations
        #expect(operations > 30)
        for limit in stride(from: 0, to: operations, by: 3) {
            let store = MemoryStore(clock: Self.start)
            let dying = FaultyStore(store, limit: limit)
            do {
                _ = try await rekey(source, to: try target(of: source, in: dying, signer: signer))
            } catch is FaultyStore.Killed {}
            let target = try target(of: source, in: store, signer: signer)
            let report = try await rekey(source, to: target)
            #expect(report.sets == 3 && report.failed.isEmpty && report.findings.isEmpty, "limit \(limit)")
            let keys = store.keys
            // All is there: the third run writes no backup again.
            let again = try await rekey(source, to: target)
            #expect(again.packsPresent == again.packs && again.sets == 3)
            #expect(store.keys.count { !$0.text.hasPrefix("marks/") } == keys.count { !$0.text.hasPrefix("marks/") })
        }
    }

    @Test func `newer sets extend an earlier copy`() async throws {
        let fixture = try Fixture()
        let source = try await source(fixture, isEncrypted: true)
        let signer = try await fixture.signer("copy")
        let target = try target(of: source, in: MemoryStore(clock: Self.start), signer: signer)
        let names = try source.setNames()
        #expect(try await rekey(source, to: target, [names[0], names[1]]).sets == 2)
        let report = try await rekey(source, to: target, [names[1], names[2]])
        #expect(report.sets == 2 && report.findings.isEmpty && report.packsPresent > 0)
        #expect(try names.map { try target.set($0).number } == [1, 2, 3])
        #expect(try target.set(names[2]).previousDigest == target.digest(ofSet: names[1]))
    }

    @Test func `a damaged pack costs only the sets that need it`() async throws {
        let fixture = try Fixture()
        let source = try await source(fixture, isEncrypted: true)
        let names = try source.setNames()
        let store = try #require(source.store as? MemoryStore)
        // The last set's own pack.
        let earlier = Set(try source.manifest("tree", of: try source.set(names[1])).packs.map(\.pack))
        let own = try source.manifest("tree", of: try source.set(names[2])).packs.filter { !earlier.contains($0.pack) }
        let pack = try #require(own.first)
        store.change(Layout.pack("tree", pack.pack, isEncrypted: true)) { $0[$0.count / 2] ^= 1 }
        let signer = try await fixture.signer("copy")
        let target = try target(of: source, in: MemoryStore(clock: Self.start), signer: signer)
        let report = try await rekey(source, to: target)
        #expect(report.sets == 2 && report.failed.map(\.set) == [names[2]] && report.findings.isEmpty)
        #expect(try target.setNames() == [names[0], names[1]])
    }

    @Test func `archived packs that the copy lacks refuse the work before it starts`() async throws {
        let fixture = try Fixture()
        let warm = try await self.source(fixture, isEncrypted: true)
        let cold = ColdStore(warm.store)
        let source = try opened(cold, as: warm)
        let names = try source.setNames()
        let signer = try await fixture.signer("copy")
        let store = MemoryStore(clock: Self.start)
        let target = try target(of: source, in: store, signer: signer)
        #expect(try await rekey(source, to: target, [names[0]]).sets == 1)
        let before = store.keys
        let own = try source.packs(of: names[2]).subtracting(source.packs(of: names[1]))
        cold.archive(try source.packs(of: names[0]).union(own))
        let error = await #expect(throws: RepositoryError.self) { try await rekey(source, to: target) }
        #expect(error?.reason == .archived && error?.detail.contains("GLACIER") == true, "\(String(describing: error))")
        #expect(error?.hint?.contains("`dr thaw --set \(names[2]) --wait`") == true, "\(String(describing: error))")
        #expect(cold.refusals == 0 && store.keys == before)
        // Those that an earlier run has copied are not needed again.
        cold.thaw(own)
        let report = try await rekey(source, to: target)
        #expect(report.sets == 3 && report.failed.isEmpty && report.findings.isEmpty, "\(report)")
        #expect(cold.refusals == 0)
    }

    @Test func `only an empty address or an earlier copy is written to`() async throws {
        let fixture = try Fixture()
        let source = try await source(fixture, isEncrypted: false)
        let other = MemoryStore(clock: Self.start)
        _ = try other.put(ObjectKey(trusted: "something"), [1], options: PutOptions(.ifAbsent))
        #expect(throws: RepositoryError.self) {
            try Repository.forRekey(of: source, in: other, tool: "test", now: Self.now)
        }
        #expect(throws: RepositoryError.self) {
            try Repository.forRekey(of: source, in: source.store, tool: "test", now: Self.now)
        }
        let used = try await self.source(try Fixture(), isEncrypted: false)
        #expect(throws: RepositoryError.self) {
            try Repository.forRekey(of: source, in: used.store, tool: "test", now: Self.now)
        }
    }
}
