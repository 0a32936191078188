import Foundation
import Lab
import Testing
@testable import BackupRepository

@Suite struct CatalogTests {
    private func record(
        _ path: String, kind: FileRecord.Kind = .file, size: Int = 3, mode: UInt32 = 0o644, modified: Int = 1,
        inode: UInt64 = 1, target: String? = nil
    ) -> FileRecord {
        FileRecord(
            path: Array(path.utf8), kind: kind, size: kind == .file ? size : 0, mode: mode, uid: 0, gid: 0,
            modified: FileTime(nanoseconds: modified), inode: inode, target: target.map { Array($0.utf8) })
    }

    private func entry(_ record: FileRecord, pack: Int = 1, member: Int = 0, digest: UInt8 = 7) -> CatalogEntry {
        let place = Location(pack: pack, member: member)
        return CatalogEntry(
            record: record, digest: record.kind == .file ? [UInt8](repeating: digest, count: 32) : nil,
            described: place,
            content: place)
    }

    private func compared(_ stored: [FileRecord], _ walked: [FileRecord], ignoringDirectoryTimes: Bool = false) throws
        -> (fresh: [Catalog.Fresh], changes: TreeChanges, catalog: Catalog)
    {
        let catalog = try Catalog(path: nil)
        try catalog.insert(stored.enumerated().map { entry($0.element, member: $0.offset) })
        let changes = try catalog.compare(ignoringDirectoryTimes: ignoringDirectoryTimes) { visit in
            for record in walked { try visit(record) }
        }
        return (try catalog.fresh(after: nil, limit: 100), changes, catalog)
    }

    @Test func `nothing changed is nothing fresh`() throws {
        let records = [
            record("a"), record("b/", kind: .directory), record("b/c"), record("l", kind: .symbolicLink, target: "a"),
        ]
        let result = try compared(records, records)
        #expect(result.fresh.isEmpty && result.changes == TreeChanges())
    }

    @Test(arguments: [
        ("size", 4, 0o644 as UInt32, 1, 1 as UInt64, false), ("time", 3, 0o644, 2, 1, false),
        ("inode", 3, 0o644, 1, 2, false), ("mode", 3, 0o600, 1, 1, true),
    ]) func `each difference is seen`(
        what: String, size: Int, mode: UInt32, modified: Int, inode: UInt64, isKnown: Bool
    )
        throws
    {
        let walked = record("a", size: size, mode: mode, modified: modified, inode: inode)
        let result = try compared([record("a")], [walked])
        #expect(result.fresh.map(\.record) == [walked])
        #expect(
            (result.fresh.first?.known != nil) == isKnown, "only a change of the description avoids reading the file")
    }

    /// Only a reading of an object shows its header fields.
    @Test func `a file with a new description and known content keeps its header fields`() throws {
        var stored = record("a")
        stored.headers = "content-type: text/plain"
        let result = try compared([stored], [record("a", mode: 0o600)])
        #expect(result.fresh.first?.known != nil)
        #expect(result.fresh.first?.record.headers == stored.headers)
        // Another content has its own.
        #expect(try compared([stored], [record("a", inode: 2)]).fresh.map(\.record.headers) == [nil])
    }

    private func tops(_ changes: TreeChanges) -> [String] {
        changes.tops.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    /// A new directory alone does not add anything to examine.
    @Test func `changed names at the top are those of files`() throws {
        let result = try compared(
            [record("a/", kind: .directory), record("a/gone")],
            [
                record("a/", kind: .directory), record("a/b/", kind: .directory), record("a/b/c"), record("a/d"),
                record("a.x"), record("ab/", kind: .directory), record("l", kind: .symbolicLink, target: "a"),
            ].sorted { $0.path.lexicographicallyPrecedes($1.path) })
        #expect(tops(result.changes) == ["a", "a.x", "l"])
        #expect(result.changes.fresh == 6 && result.changes.freshBytes == 9 && result.changes.gone == 1)
    }

    @Test func `the comparison reports new and removed entries`() throws {
        let result = try compared(
            [record("a"), record("gone/", kind: .directory), record("gone/x"), record("z")],
            [record("a"), record("b"), record("z")])
        #expect(result.fresh.map(\.record.name) == ["b"])
        #expect(result.changes.fresh == 1 && result.changes.freshBytes == 3 && result.changes.gone == 2)
        #expect(tops(result.changes) == ["b", "gone"])
        try result.catalog.removeGone()
        #expect(try result.catalog.entry(Array("gone/x".utf8)) == nil)
        #expect(try result.catalog.entry(Array("z".utf8)) != nil)
    }

    @Test(arguments: [(true, 0), (false, 1)]) func `a snapshots directory times say nothing`(ignoring: Bool, fresh: Int)
        throws
    {
        let result = try compared(
            [record("d/", kind: .directory, modified: 1)], [record("d/", kind: .directory, modified: 2)],
            ignoringDirectoryTimes: ignoring)
        #expect(result.fresh.count == fresh)
    }

    @Test func `content is found by size and hash`() throws {
        let catalog = try Catalog(path: nil)
        try catalog.insert([
            entry(record("a"), pack: 4, member: 9, digest: 1), entry(record("empty", size: 0), digest: 2),
        ])
        #expect(try catalog.knowsSize(3) && !catalog.knowsSize(4) && !catalog.knowsSize(0))
        #expect(try catalog.content(size: 3, digest: [UInt8](repeating: 1, count: 32)) == Location(pack: 4, member: 9))
        #expect(try catalog.content(size: 3, digest: [UInt8](repeating: 2, count: 32)) == nil)
    }

    @Test func `a tree is removed without its neighbours`() throws {
        let catalog = try Catalog(path: nil)
        let names = ["d", "d-", "d.x", "d/", "d/e", "d/f/g", "d0", "dd"]
        try catalog.insert(names.map { entry(record($0, kind: $0.hasSuffix("/") ? .directory : .file)) })
        try catalog.removeTree(Array("d".utf8))
        var left: [String] = []
        try catalog.forEach { left.append($0.record.name) }
        #expect(left == ["d-", "d.x", "d0", "dd"])
    }

    @Test func `a part keeps the directories above it`() throws {
        let catalog = try Catalog(path: nil)
        let names = ["a/", "a/b/", "a/b/c", "a/b/d", "a/e", "f"]
        try catalog.insert(names.map { entry(record($0, kind: $0.hasSuffix("/") ? .directory : .file)) })
        #expect(try catalog.keep { $0 == Array("a/b/c".utf8) } == 1)
        var left: [String] = []
        try catalog.forEach { left.append($0.record.name) }
        #expect(left == ["a/", "a/b/", "a/b/c"])
    }

    @Test func `the catalog keeps only committed entries`() throws {
        let folder = try TemporaryFolder("catalog")
        let path = folder.url.appending(path: "x.sqlite").path
        do {
            let catalog = try Catalog(path: path)
            try catalog.insert([entry(record("kept"))])
            try catalog.setNote("manifest", "1")
            try catalog.commit()
            try catalog.insert([entry(record("lost"))])
            try catalog.setNote("manifest", "2")
            let busy = #expect(throws: CatalogError.self) { try Catalog(path: path) }
            #expect(busy?.isBusy == true, "one run owns the file")
        }
        let catalog = try Catalog(path: path)
        #expect(try catalog.entry(Array("kept".utf8)) != nil)
        #expect(try catalog.entry(Array("lost".utf8)) == nil)
        #expect(try catalog.note("manifest") == "1")
    }
}

@Suite struct DigestFilterTests {
    private func digest(_ number: Int) -> [UInt8] {
        // Distributed like a hash: splitmix64 (Vigna).
        var value = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return withUnsafeBytes(of: value ^ value >> 31) { Array($0) } + [UInt8](repeating: 0, count: 24)
    }

    @Test func `nothing that was inserted is missed`() {
        var filter = DigestFilter()
        for number in 0..<50_000 { filter.insert(digest(number)) }
        #expect((0..<50_000).allSatisfy { filter.mayHold(digest($0)) })
    }

    @Test func `little else looks inserted`() {
        var filter = DigestFilter()
        for number in 0..<200_000 { filter.insert(digest(number)) }
        let wrong = (200_000..<300_000).count { filter.mayHold(digest($0)) }
        // (1 - e^(-2·200000/2²³))² is 0.22 %.
        #expect((100...400).contains(wrong), "of 100,000: \(wrong)")
    }
}
