import Cryptography
import Foundation
import ObjectStorage
@testable import Platform
import Testing

@testable import BackupRepository

/// One store of a repository is healed from another.
@Suite struct StoreRepairTests {
    @discardableResult
    private func repair(
        _ store: any ObjectStore, from others: [any ObjectStore], readsData: Bool = true, isDryRun: Bool = false,
        state: StateFolder? = nil
    ) async throws -> StoreRepair.Report {
        var job = StoreRepair(
            try Repository(opening: store), from: try others.map { try Repository(opening: $0) },
            now: CopiedFixture.now, pool: Fixture.pool, progress: WorkProgress())
        job.readsData = readsData
        job.isDryRun = isDryRun
        job.state = state
        return try await job.run()
    }

    /// The objects of sets.
    private func keys(_ store: MemoryStore) -> [ObjectKey] {
        store.keys.filter { !$0.text.hasPrefix("marks/") && $0 != Layout.description }
    }

    private func contents(_ store: MemoryStore) throws -> [ObjectKey: [UInt8]] {
        try CopiedFixture.contents(store, skipping: ["marks/", Layout.description.text])
    }

    enum Harm: CaseIterable { case deleted, flipped, truncated, emptied, extended, exchanged }

    private func harm(_ key: ObjectKey, _ harm: Harm, in store: MemoryStore) throws {
        switch harm {
        case .deleted: _ = try store.delete([key])
        case .flipped: store.change(key) { $0[$0.count / 2] ^= 0x10 }
        case .truncated: store.change(key) { $0.removeLast($0.count / 2) }
        case .emptied: store.change(key) { $0 = [] }
        case .extended: store.change(key) { $0 += [1, 2, 3] }
        case .exchanged:
            let other = try #require(keys(store).last { $0 != key })
            let content = try store.read(other)
            store.change(key) { $0 = content }
        }
    }

    @Test(arguments: Harm.allCases) func `every object is put back from the other store`(_ harm: Harm) async throws {
        let whole = try await CopiedFixture(sets: 2).store
        let expected = try contents(whole)
        #expect(keys(whole).count >= 8)
        for key in keys(whole) {
            let broken = whole.fork()
            try self.harm(key, harm, in: broken)
            let isGone = harm == .deleted && key.text.hasPrefix("sets/")
            let preview = try await repair(broken, from: [whole], isDryRun: true)
            #expect(preview.repaired.map(\.object) == (isGone ? [] : [key.text]), "\(key)")
            if harm != .deleted { #expect(try contents(broken) != expected, "a dry run changes nothing") }
            let report = try await repair(broken, from: [whole])
            #expect(
                report.repaired.map(\.object) == (isGone ? [] : [key.text]) && report.lost.isEmpty, "\(key): \(report)")
            #expect(report.repaired.allSatisfy { $0.source == "memory://" })
            // A set that is gone is the work of a copy.
            if isGone { continue }
            #expect(try contents(broken) == expected, "\(key)")
            #expect(broken.keys("marks/run/").isEmpty)
            let again = try await repair(broken, from: [whole])
            #expect(again.repaired.isEmpty && again.sets == 2, "\(key): \(again)")
        }
    }

    /// As after a flip in the part of another recipient, which this machine does not need to open the document.
    @Test func `a set's document that can be read, and is not the one that the next set records, is put back`()
        async throws
    {
        let copied = try await CopiedFixture(sets: 2)
        let (whole, repository) = (copied.store, copied.repository)
        let state = try copied.files.state(of: repository)
        var set = try repository.set(try #require(try repository.setNames().first))
        set.tool = "another"
        let key = Layout.set(set.name)
        let other = try repository.encode(set, as: key)
        let broken = whole.fork()
        broken.change(key) { $0 = other }
        let alone = try await repair(broken, from: [broken.fork()], state: state)
        #expect(alone.lost.map(\.object) == [key.text] && alone.sets == 2, "\(alone)")
        let report = try await repair(broken, from: [broken.fork(), whole], state: state)
        #expect(report.repaired.map(\.object) == [key.text] && report.lost.isEmpty, "\(report)")
        #expect(try contents(broken) == contents(whole))
    }

    /// A user who can write to a copy can bring a newer set into the first store where sets are not signed.
    @Test func `a newer set that nothing proves does not replace the one before it`() async throws {
        let copied = try await CopiedFixture(sets: 2)
        let repository = copied.repository
        let names = try repository.setNames()
        let (key, newest) = (Layout.set(names[0]), Layout.set(names[1]))
        var (older, newer) = (try repository.set(names[0]), try repository.set(names[1]))
        older.tool = "another"
        let other = try repository.encode(older, as: key)
        newer.previousDigest = Digest(of: other)
        let planted = try repository.encode(newer, as: newest)
        let (first, hostile) = (copied.store.fork(), copied.store.fork())
        for store in [first, hostile] { store.change(newest) { $0 = planted } }
        hostile.change(key) { $0 = other }
        let before = try contents(first)
        let report = try await repair(first, from: [hostile])
        #expect(report.repaired.isEmpty && report.unread.map(\.object) == [key.text], "\(report)")
        #expect(try contents(first) == before)
    }

    @Test func `without reading the data, a pack is good if its size is right`() async throws {
        let whole = try await CopiedFixture(sets: 2).store
        let pack = try #require(keys(whole).first { Layout.packID(of: $0) != nil })
        for harm in [Harm.flipped, .truncated, .deleted] {
            let broken = whole.fork()
            try self.harm(pack, harm, in: broken)
            let report = try await repair(broken, from: [whole], readsData: false)
            #expect(report.repaired.map(\.object) == (harm == .flipped ? [] : [pack.text]))
        }
    }

    @Test func `a damaged object of the other store is not used, and one that no store has is lost`() async throws {
        let whole = try await CopiedFixture(sets: 2).store
        for key in keys(whole) {
            let (broken, other) = (whole.fork(), whole.fork())
            for store in [broken, other] { try harm(key, .flipped, in: store) }
            let before = try broken.read(key)
            let report = try await repair(broken, from: [other])
            #expect(report.lost.map(\.object) == [key.text] && report.repaired.isEmpty, "\(key): \(report)")
            #expect(try broken.read(key) == before, "\(key): it stays for those who can save a part of it")
            let third = try await repair(broken, from: [other, whole])
            #expect(third.repaired.map(\.object) == [key.text] && third.lost.isEmpty, "\(key): \(third)")
        }
    }

    @Test(
        arguments: [
            (.archived, "cold:// has it archived: run `dr thaw --set "),
            (.denied, "cold:// could not be asked: not today"), (.unreachable, "cold:// could not be asked: not today"),
        ] as [(ObjectStoreError.Reason, String)])
    func `a pack that the other store cannot deliver now is not lost`(
        _ reason: ObjectStoreError.Reason, _ finding: String
    ) async throws {
        let whole = try await CopiedFixture(sets: 2).store
        let pack = try #require(keys(whole).first { Layout.packID(of: $0) != nil })
        let broken = whole.fork()
        try harm(pack, .deleted, in: broken)
        let report = try await repair(broken, from: [UnreadableStore(whole, reason)])
        #expect(report.lost.isEmpty && report.unread.map(\.object) == [pack.text], "\(report)")
        #expect(report.unread.allSatisfy { $0.reason.contains(finding) }, "\(report)")
        let second = try await repair(broken, from: [UnreadableStore(whole, reason), whole])
        #expect(second.repaired.map(\.object) == [pack.text] && second.unread.isEmpty, "\(second)")
    }

    @Test func `archived packs of the repaired store are told, and not replaced`() async throws {
        let whole = try await CopiedFixture(sets: 2).store
        let packs = keys(whole).filter { Layout.packID(of: $0) != nil }
        let report = try await repair(UnreadableStore(whole.fork(), .archived), from: [whole])
        #expect(report.unread.map(\.object) == packs.map(\.text).sorted(), "\(report)")
        #expect(report.repaired.isEmpty && report.lost.isEmpty, "\(report)")
    }

    @Test func `two half broken stores heal each other`() async throws {
        let first = try await CopiedFixture(sets: 2).store
        let expected = try contents(first)
        let second = first.fork()
        for (number, key) in keys(first).enumerated() {
            let isSet = key.text.hasPrefix("sets/")
            try harm(
                key, isSet || number % 4 < 2 ? .flipped : .deleted, in: number.isMultiple(of: 2) ? first : second)
        }
        let reports = [try await repair(first, from: [second]), try await repair(second, from: [first])]
        #expect(reports.allSatisfy { $0.lost.isEmpty && !$0.repaired.isEmpty }, "\(reports)")
        #expect(try contents(first) == expected)
        #expect(try contents(second) == expected)
    }

    @Test func `a repair that is killed at any point is completed by the next one`() async throws {
        let whole = try await CopiedFixture(sets: 2).store
        let expected = try contents(whole)
        let broken = whole.fork()
        for key in keys(whole) { try harm(key, .flipped, in: broken) }
        let counted = FaultyStore(broken.fork())
        try await repair(counted, from: [whole])
        #expect(counted.operations > 20)
        for limit in 0..<counted.operations {
            let store = broken.fork()
            await #expect(throws: FaultyStore.Killed.self, "limit \(limit)") {
                try await repair(FaultyStore(store, limit: limit), from: [whole])
            }
            let report = try await repair(store, from: [whole])
            #expect(report.lost.isEmpty, "limit \(limit)")
            #expect(try contents(store) == expected, "limit \(limit)")
        }
    }

    private func copyBack(from source: Repository, to store: MemoryStore) async throws -> SetCopy.Report {
        try await CopiedFixture.copy(source, to: try Repository(opening: store), isRepair: true)
    }

    /// A hostile store must not destroy what other sets need.
    @Test func `without signatures, sets that are gone do not replace what differs`() async throws {
        let whole = try await CopiedFixture(sets: 2).store
        let broken = whole.fork()
        for key in keys(whole) {
            try harm(key, key.text.hasPrefix("sets/") ? .deleted : .truncated, in: broken)
        }
        let before = try contents(broken)
        let report = try await copyBack(from: try Repository(opening: whole), to: broken)
        #expect(report.sets.isEmpty && report.failed.count == 2, "\(report)")
        #expect(try contents(broken) == before)
    }

    @Test func `two half broken copies fill an empty store, and record no gap`() async throws {
        let first = try await CopiedFixture(sets: 2).store
        let expected = try contents(first)
        let second = first.fork()
        // The older set is only in the second, and a pack of each is damaged in one of them.
        let oldest = try #require(keys(first).first { $0.text.hasPrefix("sets/") })
        _ = try first.delete([oldest])
        let packs = keys(first).filter { Layout.packID(of: $0) != nil }
        try harm(packs[0], .flipped, in: first)
        try harm(packs[1], .deleted, in: second)
        let empty = MemoryStore(clock: CopiedFixture.start)
        let sources = [try Repository(opening: first), try Repository(opening: second)]
        try SetCopy.begin(from: sources[0], in: empty)
        for (source, other) in [(sources[0], sources[1]), (sources[1], sources[0])] {
            let report = try await copyBack(from: source.fallingOver(to: [other]), to: empty)
            #expect(report.failed.isEmpty, "\(report.failed)")
        }
        #expect(try contents(empty) == expected)
        #expect(empty.keys("marks/pruned/").isEmpty)
    }

    @Test func `a set that was dropped from a copy alone stays in the store that the copy repairs`() async throws {
        let fixture = try Fixture()
        let signer = try await fixture.signer("source")
        let first = MemoryStore(clock: CopiedFixture.start)
        var repository = try fixture.repository(first)
        repository.signing = SetSigning(signer: signer, trusted: [signer.certificate])
        try fixture.writeTree()
        for number in 1...3 {
            try fixture.write("added-\(number)", Fixture.noise(5000, seed: UInt64(number)))
            first.clock += 3600
            let time = Timestamp(seconds: first.clock)
            try await fixture.backup(repository, now: { time })
        }
        let (names, now) = (try repository.setNames(), CopiedFixture.now)
        try Marks(repository).put(PinnedMark(at: now, set: names[0], until: nil, reason: nil))
        let second = first.fork()
        var copy = try Repository(opening: second)
        copy.signing = repository.signing
        try Marks(copy).put(DroppedMark(at: now, tool: "test", set: names[1], reason: "damaged there"))
        try Marks(copy).put(UnpinnedMark(at: Timestamp(seconds: now.seconds + 1), set: names[0]))
        _ = try first.delete([Layout.set(names[2])])
        let report = try await CopiedFixture.copy(copy, to: repository, only: [names[2]], isRepair: true)
        #expect(report.sets == [names[2]] && report.failed.isEmpty, "\(report)")
        let marks = try SetMarks(Marks(repository))
        #expect(marks[names[1]].dropReason(at: now) == nil)
        #expect(marks[names[0]].pinned?.holds(at: now) == true)
    }

    @Test(arguments: [true, false])
    func `the next repair brings the pins that a killed one did not`(isSigned: Bool) async throws {
        let fixture = try Fixture()
        let signer = try await fixture.signer("source")
        let first = MemoryStore(clock: CopiedFixture.start)
        var repository = try fixture.repository(first)
        if isSigned { repository.signing = SetSigning(signer: signer, trusted: [signer.certificate]) }
        try fixture.writeTree()
        for number in 1...4 {
            try fixture.write("added-\(number)", Fixture.noise(5000, seed: UInt64(number)))
            first.clock += 3600
            let time = Timestamp(seconds: first.clock)
            try await fixture.backup(repository, now: { time })
        }
        let (names, now) = (try repository.setNames(), CopiedFixture.now)
        let second = first.fork()
        var copy = try Repository(opening: second)
        let unsigned = Marks(copy)
        copy.signing = repository.signing
        try Marks(copy).put(PinnedMark(at: now, set: names[0], until: nil, reason: "legal hold"))
        // Released there, and kept by anyone who can write to the copy.
        try Marks(copy).put(PinnedMark(at: now, set: names[1], until: nil, reason: nil))
        try Marks(copy).put(UnpinnedMark(at: Timestamp(seconds: now.seconds + 1), set: names[1]))
        try unsigned.put(PinnedMark(at: now, set: names[2], until: nil, reason: nil))
        // The store has released it itself.
        try Marks(repository).put(PinnedMark(at: now, set: names[3], until: nil, reason: nil))
        try Marks(repository).put(UnpinnedMark(at: Timestamp(seconds: now.seconds + 1), set: names[3]))
        try Marks(copy).put(
            PinnedMark(at: Timestamp(seconds: now.seconds + 2), set: names[3], until: nil, reason: nil))
        let report = try await CopiedFixture.copy(copy, to: repository, only: [], isRepair: true)
        #expect(report.sets.isEmpty && report.failed.isEmpty, "\(report)")
        let marks = try SetMarks(Marks(repository))
        #expect(names.map { marks[$0].pinned != nil } == [true, false, !isSigned, false])
        #expect(marks[names[0]].pinned?.reason == "legal hold")
        #expect(try await CopiedFixture.copy(copy, to: repository, only: [], isRepair: true).marks == 0)
    }

    @Test func `a store without a description that has other sets is refused`() async throws {
        let whole = try await CopiedFixture(sets: 2).store
        let other = try await CopiedFixture(sets: 2).store
        _ = try other.delete([Layout.description])
        let before = other.keys
        let source = try Repository(opening: whole)
        #expect(throws: RepositoryError.self) { try SetCopy.begin(from: source, in: other) }
        #expect(other.keys == before)
        let own = whole.fork()
        _ = try own.delete([Layout.description])
        try SetCopy.begin(from: source, in: own)
        #expect(try Repository(opening: own).description == source.description)
    }

    @Test func `a description that is not that of the first store is told`() async throws {
        let first = try await CopiedFixture(sets: 1).repository.description
        #expect(first.objection(asCopyOf: first) == nil)
        var other = first
        other.pack.targetBytes += 1
        #expect(other.objection(asCopyOf: first)?.contains("repository.json") == true)
        other.id = "another"
        #expect(other.objection(asCopyOf: first)?.contains("it is repository another") == true)
    }

    @Test func `a damaged description is replaced, and that of another repository is not`() async throws {
        let whole = try await CopiedFixture(sets: 2).store
        let source = try Repository(opening: whole)
        let broken = whole.fork()
        #expect(try !SetCopy.needsDescription(broken))
        broken.change(Layout.description) { $0[10] ^= 1 }
        #expect(try SetCopy.needsDescription(broken))
        try SetCopy.begin(from: source, in: broken)
        #expect(try Repository(opening: broken).description == source.description)

        let other = MemoryStore(clock: CopiedFixture.start)
        _ = try Fixture().repository(other)
        let before = try other.read(Layout.description)
        #expect(try !SetCopy.needsDescription(other))
        #expect(throws: (any Error).self) { try SetCopy.begin(from: source, in: other) }
        #expect(try other.read(Layout.description) == before)
    }
}
