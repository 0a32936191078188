import Archiving
import Cryptography
import Foundation
import ObjectStorage
import Testing

@testable import BackupRepository

/// No document costs more memory or time than its limits.
@Suite struct DocumentLimitsTests {
    /// An index with more content than a pack can have, sealed and named by its manifest as a valid one.
    private func read(_ index: PackIndex, members: Int) throws -> PackIndex {
        let store = MemoryStore(clock: 0)
        let repository = try Repository.create(in: store, tool: "test", now: Fixture.clock()).0
        let object = Repository.encodeIndex(index)
        _ = try store.put(Layout.index("tree", index.pack), object, options: PutOptions(.ifAbsent))
        let use = Manifest.PackUse(pack: index.pack, index: Digest(of: object), members: members)
        return try repository.index("tree", use)
    }

    private func index(members: Int, gzip: Int, path: String = "p") -> PackIndex {
        let member = PackIndex.Member(
            type: "file", path: path, size: 1, mode: 0o644, uid: 0, gid: 0, mtime: 0, inode: 1)
        return PackIndex(
            format: 1, component: "tree", pack: String(repeating: "a", count: 32),
            object: .init(size: 1, sha256: Digest(of: [])), gzip: Array(repeating: [1, 1], count: gzip),
            members: Array(repeating: member, count: members))
    }

    @Test func `an index of a full pack and one of the largest file are read`() throws {
        let longPath = String(repeating: "x", count: DocumentLimits.mostNameBytes / DocumentLimits.mostMembers)
        let full = index(members: DocumentLimits.mostMembers, gzip: DocumentLimits.mostMembers, path: longPath)
        #expect(try read(full, members: DocumentLimits.mostMembers).members.count == DocumentLimits.mostMembers)
        #expect(try read(index(members: 1, gzip: 100_000), members: 1).gzip.count == 100_000)
    }

    /// 750 KiB of gzip were 188 MiB of JSON, which took 3.7 GB and more than two minutes.
    @Test(arguments: [(1_000_000, 1, 4096), (4097, 1, 4096), (1, 3_000_000, 1), (2, 900_000, 2)])
    func `an index that exceeds its pack's limits is damaged`(members: Int, gzip: Int, recorded: Int) throws {
        let hostile = index(members: members, gzip: gzip)
        let start = ContinuousClock.now
        let error = #expect(throws: RepositoryError.self) { try read(hostile, members: recorded) }
        #expect(error?.reason == .damaged, "\(String(describing: error)) after \(ContinuousClock.now - start)")
    }

    @Test func `the longest list of gzip members fits in its limits`() {
        let pairs = DocumentLimits.largestFile >> 20
        #expect(pairs * "[1048594,1048576],".utf8.count + 4096 <= DocumentLimits.longestIndexOfOneFile)
        #expect(3 * pairs < DocumentLimits.mostIndexValues(members: 1))
    }

    @Test(arguments: [
        ("[1,2,{\"a\":[\"x,]}\\\"[\"]}]", 6, 3), ("1", 1, 0), ("[[[]]]", 4, 3),
        ("{\"a\":1,\"b\":\"\\\\\",\"c\":[]}", 5, 2),
    ])
    func `a scan counts values and depth but not the content of strings`(text: String, values: Int, depth: Int) {
        let scan = DocumentScan(Array(text.utf8))
        #expect(scan.values == values && scan.depth == depth)
    }

    @Test func `a document that is nested deep is damaged`() throws {
        let store = MemoryStore(clock: 0)
        let repository = try Repository.create(in: store, tool: "test", now: Fixture.clock()).0
        let name = Fixture.clock()
        var document = Array("{\"a\":\(String(repeating: "[", count: 400))\(String(repeating: "]", count: 400))}".utf8)
        SealedDocument.seal(&document)
        _ = try store.put(Layout.set(name), document, options: PutOptions(.ifAbsent))
        let error = #expect(throws: RepositoryError.self) { try repository.set(name) }
        #expect(error?.reason == .damaged && error?.detail.contains("nested") == true)
    }

    @Test func `a set that is too long is damaged and does not hide the others`() async throws {
        let store = MemoryStore(clock: 0)
        let repository = try Repository.create(in: store, tool: "test", now: Fixture.clock()).0
        let name = Fixture.clock()
        let long = [UInt8](repeating: 0x20, count: DocumentLimits.longestDocument + 1)
        _ = try store.put(Layout.set(name), long, options: PutOptions(.ifAbsent))
        let (sets, unreadable) = try await repository.sets([name], pool: Fixture.pool)
        #expect(sets.isEmpty && unreadable.map(\.name) == [name])
        #expect(unreadable.first?.reason.contains("16 MiB") == true)
    }

    @Test func `a file that is too large is reported, and the others are stored`() async throws {
        let fixture = try Fixture()
        try fixture.write("small", "words")
        try fixture.write("large", "")
        let file = try FileHandle(forWritingTo: fixture.source.appending(path: "large"))
        try file.truncate(atOffset: UInt64(DocumentLimits.largestFile + 1))
        let set = try await fixture.backup(try fixture.repository()).set
        #expect(set.components["tree"]?.damaged == 1 && set.components["tree"]?.files == 1)
        #expect(set.status == .partial)
    }

    @Test func `a pack with long names is full before it has all members`() async throws {
        var fixture = try Fixture()
        fixture.settings = .standard
        let folder = String(repeating: "d", count: 250)
        for number in 0..<2300 {
            try fixture.write("\(folder)/\(folder)/\(number)", "")
        }
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository)
        let packs = try #require(report.manifests["tree"]).packs
        #expect(packs.count == 2 && packs.allSatisfy { $0.members < 2300 })
    }
}
