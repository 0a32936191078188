import Foundation
import Lab
import Testing

@testable import BackupRepository

@Suite struct DocumentTreeTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("documents") }

    /// Inode and time of modification of every file of the usual tree.
    private func files(_ name: String = "documents") throws -> [String: [Int]] {
        let root = folder.url.appending(path: name)
        var found: [String: [Int]] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
            var status = stat()
            guard lstat(root.appending(path: path).path, &status) == 0 else { continue }
            let time = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
            if status.st_mode & S_IFMT == S_IFREG { found[path] = [Int(status.st_ino), time] }
        }
        return found
    }

    private func fill(_ documents: [String: String], keeping: [String] = []) throws -> Int {
        let tree = try DocumentTree(in: folder.path, run: "run")
        for (path, text) in documents { try tree.write(path, Array(text.utf8)) }
        for path in keeping { #expect(tree.keep(path)) }
        try tree.removeTheRest()
        try tree.release()
        return tree.changed
    }

    @Test func `the document tree does not touch unchanged files`() throws {
        #expect(try fill(["a.json": "1", "org/b.json": "2", "org/deep/c.json": "3"]) == 3)
        let first = try files()
        // A different length, the same length, and a document that is kept without being written.
        #expect(try fill(["a.json": "1", "org/b.json": "22"], keeping: ["org/deep/c.json"]) == 1)
        let second = try files()
        #expect(second["a.json"] == first["a.json"] && second["org/deep/c.json"] == first["org/deep/c.json"])
        #expect(second["org/b.json"] != first["org/b.json"])
        #expect(try fill(["a.json": "1", "org/b.json": "33"], keeping: ["org/deep/c.json"]) == 1)
        #expect(try fill(["a.json": "1", "org/b.json": "33"], keeping: ["org/deep/c.json"]) == 0)
        #expect(try files()["a.json"] == first["a.json"])
    }

    @Test func `the tree removes documents that are no longer written, with their empty folders`() throws {
        _ = try fill(["a": "1", "gone/deep/b": "2", "kept/c": "3", "kept/d": "4"])
        // Leftovers of a killed run are not part of the tree either; a link is removed, not followed.
        let root = folder.url.appending(path: "documents")
        try Data("x".utf8).write(to: root.appending(path: "kept/.tmp-123"))
        try Data("mine".utf8).write(to: folder.url.appending(path: "outside"))
        try FileManager.default.createSymbolicLink(
            atPath: root.appending(path: "link").path, withDestinationPath: folder.path)
        #expect(try fill(["a": "1", "kept/c": "3"]) == 0)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: root.path).sorted() == ["a", "kept", "kept/c"])
        #expect(FileManager.default.fileExists(atPath: folder.url.appending(path: "outside").path))
    }

    /// An object that became a folder of objects, and the reverse.
    @Test func `a document may take a folders place`() throws {
        _ = try fill(["a": "1", "b/c": "2"])
        #expect(try fill(["a/x": "1", "b": "2"]) == 2)
        #expect(try files().keys.sorted() == ["a/x", "b"])
    }

    @Test func `a second holder gets a separate document tree`() throws {
        let first = try DocumentTree(in: folder.path, run: "one")
        try first.write("a", [1])
        let second = try DocumentTree(in: folder.path, run: "two")
        #expect(first.path != second.path && !second.keep("a"))
        try second.write("b", [2])
        try second.removeTheRest()
        #expect(try files("documents").keys.sorted() == ["a"])
        try second.release()
        try second.release()
        #expect(!FileManager.default.fileExists(atPath: second.path))
        try first.release()
        try first.release()
        #expect(FileManager.default.fileExists(atPath: first.path))
        let third = try DocumentTree(in: folder.path, run: "three")
        #expect(third.path == first.path && third.keep("a"))
    }

    @Test func `the lock goes with its holder`() throws {
        var first: DocumentTree? = try DocumentTree(in: folder.path, run: "one")
        let usual = first?.path
        first = nil
        #expect(try DocumentTree(in: folder.path, run: "two").path == usual)
    }

    /// Young trees may be in use by a run that did not get the usual tree.
    @Test func `trees of dead runs go after a day`() throws {
        for name in ["documents-old", "documents-young", "other"] {
            try FileManager.default.createDirectory(
                at: folder.url.appending(path: name), withIntermediateDirectories: true)
        }
        for name in ["documents-old", "other"] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -100_000)],
                ofItemAtPath: folder.url.appending(path: name).path)
        }
        try DocumentTree(in: folder.path, run: "now").release()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "documents", "documents-young", "documents.lock", "other",
            ])
    }

    @Test func `a folder that cannot be written is named`() throws {
        let error = #expect(throws: ComponentError.self) { try DocumentTree(in: "/nowhere", run: "x") }
        #expect(error?.operation.contains("/nowhere") == true && error?.hint?.contains("state:") == true)
    }

    @Test(arguments: [
        ("plain-Name_1.json", "plain-Name_1.json"), ("", "%"), (".", "%2E"), ("..", "%2E."), (".hidden", "%2Ehidden"),
        ("a/b", "a%2Fb"), ("a b", "a%20b"), ("100%", "100%25"), ("%", "%25"), ("ü", "%C3%BC"), ("a\u{0}b", "a%00b"),
        ("\n", "%0A"), ("a\\b", "a%5Cb"),
    ]) func `any text becomes a safe name`(text: String, name: String) {
        #expect(DocumentTree.name(for: text) == name)
    }

    @Test func `different texts have different names`() {
        let long = String(repeating: "x", count: 400)
        let texts =
            [long, long + "y", String(long.dropLast()), String(repeating: "ü", count: 100), "e\u{301}", "é", "E", "e"]
            + [String(repeating: "x", count: 180), String(repeating: "x", count: 181)]
        let names = texts.map(DocumentTree.name(for:))
        #expect(Set(names).count == texts.count)
        for name in names {
            #expect(name.utf8.count <= 180 && !name.contains("/") && !name.hasPrefix("."))
        }
        #expect(names == texts.map(DocumentTree.name(for:)), "the same ones every time")
    }
}
