import S3
import Testing

@testable import Bucket

/// The listed objects in the order of their paths.
@Suite struct BucketTableTests {
    private static func paths(_ keys: [String]) throws -> [String] {
        let table = try BucketTable()
        for key in keys { try table.add(BucketObject(BucketKey(key), size: 1)) }
        try table.finish()
        var paths: [String] = []
        try table.forEach { path, object in
            #expect(ObjectPath.key(of: path) == object.key)
            paths.append(String(decoding: path, as: UTF8.self))
        }
        return paths
    }

    @Test func `objects come in the order of the bytes of their paths`() throws {
        #expect(try Self.paths(["b", "a/b", "a-b", "a0", "Z"]) == ["Z", "a-b", "a/b", "a0", "b"])
    }

    @Test func `an object and others below its key have different paths`() throws {
        #expect(try Self.paths(["a/b/c", "a", "a/b"]) == ["a%", "a/b%", "a/b/c"])
        #expect(try Self.paths(["a/", "a//b", "a"]) == ["a%", "a/%%", "a/%/b"])
        // In any order of the listing, and without the others it is its own path.
        #expect(try Self.paths(["a", "a/b"]) == Self.paths(["a/b", "a"]))
        #expect(try Self.paths(["a", "ab"]) == ["a", "ab"])
    }

    @Test func `an object that comes twice counts once`() throws {
        #expect(try Self.paths(["a", "b", "a"]) == ["a", "b"])
    }
}
