import Archiving
import BackupRepository
import Foundation
import Lab
import Synchronization
import Testing

@testable import Loki

/// Bolt files of a real Loki and of the stand-in: intact, inconsistent and damaged.
@Suite struct BoltFileTests {
    private static let path = "boltdb-shipper-active/index_20780/1800000000"
    private static let bucket = "stand-in"

    /// The bolt databases of real Lokis, as they are before Loki compresses them.
    private static let real = LokiFixture.indexes.filter { !$0.path.hasSuffix(".tsdb.gz") }.compactMap { file in
        (try? GzipStream.decode(file.bytes, limit: 1 << 24)).map { LokiFixture.File(path: file.path, bytes: $0) }
    }

    private func defect(_ bytes: [UInt8]) throws -> String? {
        let spool = Spool()
        spool.write(bytes.span.bytes)
        let content = try #require(spool.finish())
        return BoltCheck.defect(in: content)
    }

    private func keys(_ range: Range<Int>) -> [String] { range.map { "fake/\(String($0 + 100_000, radix: 16))/key" } }

    @Test func `bolt files of a real Loki are sound`() throws {
        #expect(Self.real.count >= 4)
        for file in Self.real { #expect(try defect(file.bytes) == nil, "\(file.path)") }
    }

    /// A position in a real file, its present value, and the message for a changed one.
    @Test(arguments: [
        (place: 16, says: "does not begin"), (place: 24, says: "checksum"), (place: 4096 + 64, says: "checksum"),
        (place: 4096 + 72, says: "checksum"), (place: 8, says: "meta page"), (place: 4096, says: "meta page"),
    ])
    func `a changed byte of a meta page is found`(place: Int, says: String) throws {
        for file in Self.real {
            var bytes = file.bytes
            bytes[place] ^= 1
            #expect(try defect(bytes)?.contains(says) == true, "\(file.path)")
        }
    }

    @Test func `a changed header of any page in use is found`() throws {
        for file in Self.real {
            let end = Int(file.bytes.little(4096 + 56, 8))
            let free = try #require(try freePages(file.bytes))
            for page in 2..<min(end, file.bytes.count / 4096) where !free.contains(page) {
                for offset in [0, 8, 12] {
                    var bytes = file.bytes
                    bytes[page * 4096 + offset] ^= 1
                    #expect(try defect(bytes) != nil, "\(file.path), page \(page), byte \(offset)")
                }
            }
        }
    }

    private func freePages(_ bytes: [UInt8]) throws -> Set<Int>? {
        let metas = [0, 4096].map { (list: bytes.little($0 + 48, 8), transaction: bytes.little($0 + 64, 8)) }
        guard let meta = metas.max(by: { $0.transaction < $1.transaction }) else { return nil }
        let start = Int(meta.list) * 4096
        return Set((0..<Int(bytes.little(start + 10, 2))).map { Int(bytes.little(start + 16 + 8 * $0, 8)) })
    }

    /// Hostile content: any verdict is accepted.
    @Test func `changed and cut files never stop the program`() throws {
        let file = try #require(Self.real.max { $0.bytes.count < $1.bytes.count })
        var state: UInt64 = 42
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<200 {
            var bytes = file.bytes
            for _ in 0..<4 { bytes[next(min(bytes.count, 40_000))] = UInt8(next(256)) }
            _ = try defect(bytes)
        }
        for _ in 0..<50 { _ = try defect(Array(file.bytes.prefix(1 + next(file.bytes.count - 1)))) }
        #expect(try defect([0]) != nil)
    }

    @Test func `a file of the stand-in is sound after every transaction`() throws {
        let folder = try TemporaryFolder("bolt")
        let file = folder.url.appending(path: "bolt")
        let bolt = try BoltFile(file, bucket: Self.bucket)
        for start in stride(from: 0, to: 600, by: 60) {
            try bolt.put(keys(start..<start + 60))
            let bytes = [UInt8](try Data(contentsOf: file))
            #expect(try defect(bytes) == nil)
            #expect(BoltFile.keys(in: bytes, bucket: Self.bucket).map(Set.init) == Set(keys(0..<start + 60)))
        }
    }

    /// Two transactions during a copy: the second reuses the pages that the first half refers to.
    @Test func `a copy of two moments is found by its structure`() throws {
        let folder = try TemporaryFolder("bolt")
        let file = folder.url.appending(path: "bolt")
        let bolt = try BoltFile(file, bucket: Self.bucket)
        try bolt.put(keys(0..<400))
        let before = [UInt8](try Data(contentsOf: file))
        for start in [400, 600, 800] { try bolt.put(keys(start..<start + 200)) }
        let after = [UInt8](try Data(contentsOf: file))
        var found = 0
        for cut in stride(from: 2 * 4096, to: before.count, by: 4096) {
            let copy = Array(before[..<cut]) + Array(after[cut...])
            if try defect(copy) != nil { found += 1 }
        }
        #expect(found > 0)
    }

    @Test(arguments: [0, 2 * 4096, 5 * 4096 + 7])
    func `a transaction during a copy is noticed`(place: Int) throws {
        let folder = try TemporaryFolder("bolt")
        let file = folder.url.appending(path: "bolt")
        let bolt = try BoltFile(file, bucket: Self.bucket)
        try bolt.put(keys(0..<400))
        let bytes = [UInt8](try Data(contentsOf: file))
        let inspector = BoltInspector(Self.path, copiedFrom: file.path)
        inspector.write(bytes.span.bytes.extracting(first: place))
        try bolt.put(keys(400..<401))
        inspector.write(bytes.span.bytes.extracting(place..<bytes.count))
        #expect(inspector.finish().first?.reason.contains("changed while it was copied") == true)
        // Its pages are written, and the meta page that leads to them is not: the previous transaction is complete.
        let whole = [UInt8](try Data(contentsOf: file))
        let second = BoltInspector(Self.path, copiedFrom: file.path)
        try bolt.put(keys(401..<402)) {
            second.write(whole.span.bytes)
            #expect(second.finish() == [])
        }
    }

    // MARK: Capture

    private func site(_ body: (LokiStore) throws -> Void) throws -> (LokiSite, LokiStore) {
        let site = try LokiSite()
        var places = LokiStore.Places()
        places.index = .bolt
        let store = try LokiStore(data: site.data, places: places)
        try store.push(tenant: "t1", labels: ["app": "a"], lines: LokiSite.lines(20))
        try store.flush()
        try body(store)
        return (site, store)
    }

    /// At any time of the copies, the kept one is intact, and holds every transaction before it.
    @Test func `a bolt file under writes is copied whole`() async throws {
        let (site, store) = try site { store in
            for number in 0..<300 { try store.note("t1/\(number)/x:1a2065a5b72") }
        }
        let isDone = Mutex(false)
        let file = store.activeFile(of: "t1/0/x:1a2065a5b72")
        let path = file.path.replacing(site.data.path + "/", with: "")
        let writer = Task.detached {
            var number = 300
            while !isDone.withLock({ $0 }), number < 3000 {
                try store.note("t1/\(number)/x:1a2065a5b72")
                number += 1
            }
        }
        // The load stops when a copy had to be repeated.
        let capture = try await site.source { isDone.withLock { $0 = true } }.capture(site.context)
        isDone.withLock { $0 = true }
        try await writer.value
        #expect(try await capture.examine([]) == [])
        let bytes = try #require(FileManager.default.contents(atPath: "\(capture.root)/\(path)").map { [UInt8]($0) })
        #expect(try defect(bytes) == nil)
        #expect(try #require(BoltFile.keys(in: bytes, bucket: Self.bucket)).count >= 300)
        try await capture.release()
    }

    /// The live file stands for one that changes during every copy: it stays inconsistent, and is fresh.
    @Test(arguments: [true, false])
    func `Loki's own snapshot serves where it is new enough`(isNew: Bool) async throws {
        let (site, store) = try site { _ in }
        let live = try #require(site.paths("boltdb-shipper-active").first { !$0.hasSuffix(".snapshot") })
        let path = "boltdb-shipper-active/\(live)"
        if !isNew { try store.snapshot() }
        let chunk = try #require(store.visibleChunks(tenant: "t1").first)
        try store.note(chunk)
        if isNew { try store.snapshot() }
        var bytes = try site.read(path)
        let newest = bytes.little(64, 8) > bytes.little(4096 + 64, 8) ? 0 : 4096
        bytes[Int(bytes.little(newest + 32, 8)) * 4096 + 8] ^= 0x10
        try site.write(path, bytes)
        let capture = try await site.source().capture(site.context)
        let damage = try await capture.examine([])
        #expect(damage.map(\.path) == (isNew ? [] : [path]))
        #expect(site.copied(capture).contains(path) == isNew)
        #expect(!site.copied(capture).contains { $0.hasSuffix(".snapshot") }, "Loki removes snapshots at its start")
        try await capture.release()
    }
}
