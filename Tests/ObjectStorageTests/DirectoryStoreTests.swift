import Foundation
import Lab
import ObjectStorage
import Testing

@Suite struct DirectoryStoreTests {
    let folder: TemporaryFolder
    let store: DirectoryStore

    init() throws {
        folder = try TemporaryFolder("store")
        store = try DirectoryStore(path: folder.path)
    }

    private func files(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(path)").sorted()
    }

    @Test func `requests are counted with their bytes, and a lost directory is an error`() throws {
        let use = StoreUse()
        let store = try DirectoryStore(path: folder.path, use: use)
        try store.put("a/b", [1, 2, 3])
        _ = try store.upload("a/c", [4, 5])
        #expect(try store.read("a/b") == [1, 2, 3])
        #expect(try store.head("a/none") == nil)
        #expect(reason { _ = try store.read("a/none") } == .notFound)
        try store.list(prefix: "", after: nil) { _ in .proceed }
        #expect(try store.delete(["a/b"]).isEmpty)
        var reading = use.reading
        #expect(reading.successes == [.put: 1, .upload: 1, .get: 2, .head: 1, .list: 1, .delete: 1])
        #expect(reading.errors.isEmpty && reading.sent == 5 && reading.received == 3 && reading.isUp == true)
        try FileManager.default.removeItem(atPath: folder.path)
        #expect(reason { _ = try store.read("a/c") } != nil)
        reading = use.reading
        #expect(reading.errors == [.get: 1] && reading.isUp == false)
    }

    @Test func `objects are plain files, and nothing temporary stays`() throws {
        try store.put("a/b/c", [1, 2, 3])
        _ = try store.upload("a/d", [4, 5])
        _ = reason { try store.put("a/d", [6]) }
        do { try store.upload("a/e", PutOptions()).write([7].span.bytes) }
        #expect(FileManager.default.contents(atPath: "\(folder.path)/a/b/c") == Data([1, 2, 3]))
        #expect(try files("a") == ["b", "d"])
        #expect(try files(".tmp") == [])
    }

    @Test func `temporary files of killed runs go after a day`() throws {
        let temporary = folder.url.appending(path: ".tmp")
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        for (name, age) in [("old", 90_000.0), ("young", 80_000)] {
            let path = temporary.appending(path: name).path
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            let date = Date(timeIntervalSinceNow: -age)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
        }
        try store.put("a")
        #expect(try files(".tmp") == ["young"])
        #expect(try store.keys() == ["a"])
    }

    @Test func `foreign names are left alone`() throws {
        try store.put("a/b")
        for name in ["lost+found", "a/with space", "a/ä"] {
            #expect(FileManager.default.createFile(atPath: "\(folder.path)/\(name)", contents: nil))
        }
        #expect(mkfifo("\(folder.path)/a/fifo", 0o600) == 0)
        #expect(try store.keys() == ["a/b"])
        #expect(try store.head("a/fifo") == nil)
    }

    @Test func `a directory that was removed by hand is made again`() throws {
        try store.put("a/b/c")
        try FileManager.default.removeItem(at: folder.url.appending(path: "a"))
        try store.put("a/b/d")
        #expect(try store.keys() == ["a/b/d"])
    }

    @Test func `an object inside another is refused`() throws {
        try store.put("a")
        #expect(reason { try store.put("a/b") } == .unsupported)
        #expect(reason { try store.put(".tmp/x") } == .unsupported)
        #expect(try store.keys() == ["a"])
    }

    @Test func `a store that disappears is not an empty store`() throws {
        try store.put("a")
        try FileManager.default.removeItem(at: folder.url)
        #expect(reason { _ = try store.head("a") } == .noSuchStore)
        #expect(reason { _ = try store.bytes("a") } == .noSuchStore)
        #expect(reason { _ = try store.keys() } == .noSuchStore)
        #expect(reason { try store.put("b") } == .noSuchStore)
    }

    @Test func `a path that is not a directory is not a store`() throws {
        try store.put("file")
        #expect(reason { _ = try DirectoryStore(path: "\(folder.path)/file") } == .noSuchStore)
        #expect(reason { _ = try DirectoryStore(path: "\(folder.path)/file/x", create: true) } == .noSuchStore)
        #expect(reason { _ = try DirectoryStore(path: "\(folder.path)/none") } == .noSuchStore)
        let made = try DirectoryStore(path: "\(folder.path)/new/deep", create: true)
        try made.put("a")
        #expect(try made.keys() == ["a"])
        #expect(made.location == "file://\(folder.path)/new/deep")
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a small file system needs root"))
    func `a full disk is named, and its space given back`() throws {
        func run(_ command: String...) throws -> Bool {
            let process = try Process.run(URL(filePath: "/usr/bin/env"), arguments: command)
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
        guard try run("mount", "-t", "tmpfs", "-o", "size=1m", "none", folder.path) else { return }
        defer { #expect(throws: Never.self) { try run("umount", folder.path) } }
        let small = try DirectoryStore(path: folder.path)
        #expect(reason { _ = try small.put("a", content(2 << 20), options: PutOptions()) } == .noSpace)
        let upload = try small.upload("b", PutOptions())
        #expect(reason { for _ in 0..<20 { try upload.write(content(100_000).span.bytes) } } == .noSpace)
        #expect(try small.keys() == [])
        // The failed upload still exists, but its space is free.
        _ = try small.put("c", content(700_000), options: PutOptions())
        upload.cancel()
    }
}
