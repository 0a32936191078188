import Foundation
import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// Sets and marks on this machine's disk.
@Suite struct DocumentShelfTests {
    private let folder: TemporaryFolder
    private var path: String { folder.url.appending(path: "documents.sqlite").path }
    private let object = ObjectInfo(key: ObjectKey(trusted: "sets/1.json"), size: 3, tag: "\"a\"", modified: 1)

    init() throws { folder = try TemporaryFolder("shelf") }

    @Test func `a content is there for its version only`() throws {
        let shelf = try #require(DocumentShelf(path))
        shelf.keep([1, 2, 3], of: object)
        #expect(shelf.content(of: object) == [1, 2, 3])
        var other = object
        other.tag = "\"b\""
        #expect(shelf.content(of: other) == nil)
        other.tag = nil
        #expect(shelf.content(of: other) == nil)
        other = object
        other.size = 4
        #expect(shelf.content(of: other) == nil)
        other = object
        other.key = ObjectKey(trusted: "sets/2.json")
        #expect(shelf.content(of: other) == nil)
        // Another process finds it.
        #expect(DocumentShelf(path)?.content(of: object) == [1, 2, 3])
        shelf.discard(object.key)
        #expect(shelf.content(of: object) == nil)
    }

    @Test func `a content without a version is not kept`() throws {
        let shelf = try #require(DocumentShelf(path))
        var untagged = object
        untagged.tag = nil
        shelf.keep([1, 2, 3], of: untagged)
        #expect(shelf.content(of: object) == nil && shelf.content(of: untagged) == nil)
    }

    @Test func `an altered content is not returned`() throws {
        try #require(DocumentShelf(path)).keep([1, 2, 3], of: object)
        let database = try Database(path: path)
        try database.execute("UPDATE objects SET content = x'010204'")
        #expect(database.changes == 1)
        #expect(DocumentShelf(path)?.content(of: object) == nil)
    }

    @Test(arguments: ["", "no database", String(repeating: "x", count: 20_000)])
    func `a file that is no database is replaced`(content: String) throws {
        try Data(content.utf8).write(to: URL(filePath: path))
        let shelf = try #require(DocumentShelf(path))
        shelf.keep([1, 2, 3], of: object)
        #expect(DocumentShelf(path)?.content(of: object) == [1, 2, 3])
    }

    @Test func `a place that cannot be used costs only time`() {
        #expect(DocumentShelf("/proc/none/documents.sqlite") == nil)
    }

    @Test func `threads may use it at once`() async throws {
        let shelf = try #require(DocumentShelf(path))
        await withTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let object = ObjectInfo(
                        key: ObjectKey(trusted: "sets/\(number % 20).json"), size: 1, tag: "\(number % 20)")
                    shelf.keep([UInt8(number % 20)], of: object)
                    #expect(shelf.content(of: object) == [UInt8(number % 20)])
                }
            }
        }
    }
}
