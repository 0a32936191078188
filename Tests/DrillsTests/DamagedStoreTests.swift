import Lab
import ObjectStorage
import Testing

@testable import Drills

@Suite struct DamagedStoreTests {
    private let folder: TemporaryFolder
    private let store: DirectoryStore
    private let first = ObjectKey(trusted: "a/first"), second = ObjectKey(trusted: "a/second")

    init() throws {
        folder = try TemporaryFolder("damaged")
        store = try DirectoryStore(path: folder.path)
        _ = try store.put(first, Array("0123456789".utf8), options: PutOptions())
        _ = try store.put(second, Array("abcdefghij".utf8), options: PutOptions())
    }

    private func text(_ store: DamagedStore, _ key: ObjectKey, _ range: Range<Int>? = nil) throws -> String {
        var bytes: [UInt8] = []
        try store.get(key, range: range) { piece in piece.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `one bit is turned and nothing else`() throws {
        let damaged = DamagedStore(store, .flippedBit(first, at: 5))
        #expect(try text(damaged, first) == "01234%6789")
        #expect(try text(damaged, first, 4..<7) == "4%6")
        #expect(try text(damaged, first, 6..<8) == "67")
        #expect(try text(damaged, second) == "abcdefghij")
    }

    @Test func `a missing object is missing for get, head and list`() throws {
        let damaged = DamagedStore(store, .missing(first))
        #expect(throws: ObjectStoreError.self) { try text(damaged, first) }
        #expect(try damaged.head(first) == nil)
        var keys: [ObjectKey] = []
        try damaged.list(prefix: "", after: nil) {
            keys.append($0.key)
            return .proceed
        }
        #expect(keys == [second])
    }

    @Test func `nothing is written`() throws {
        let damaged = DamagedStore(store, .missing(first))
        #expect(throws: ObjectStoreError.self) { try damaged.put(first, [1], options: PutOptions()) }
        #expect(try damaged.delete([second]).count == 1)
        #expect(try store.head(second) != nil)
    }
}
