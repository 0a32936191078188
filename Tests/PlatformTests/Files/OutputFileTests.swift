import Foundation
import Lab
import Platform
import Testing

/// Files that are written to paths from the user or the configuration.
@Suite struct OutputFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("output") }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }
    private func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
    private func status(_ name: String) -> stat {
        var status = stat()
        lstat(path(name), &status)
        return status
    }
    private var leftovers: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".tmp") }
    }

    @Test(arguments: [OutputFile.Links.follow, .refuse])
    func `a regular file is replaced in one step and keeps its permissions`(links: OutputFile.Links) throws {
        try OutputFile.write(Array("one".utf8), to: path("a"), links: links)
        chmod(path("a"), 0o640)
        let before = status("a")
        try OutputFile.write(Array("two".utf8), to: path("a"), links: links)
        #expect(try text("a") == "two")
        #expect(status("a").st_ino != before.st_ino && status("a").st_mode & 0o777 == 0o640)
        try OutputFile.write(Array("three".utf8), to: path("a"), mode: 0o644, links: links)
        #expect(try text("a") == "three" && status("a").st_mode & 0o777 == 0o644)
        #expect(leftovers.isEmpty)
    }

    @Test func `the file that a link points at is written and the link stays`() throws {
        try FileManager.default.createDirectory(atPath: path("real"), withIntermediateDirectories: false)
        for (link, target) in [("a", "b"), ("b", "real/file"), ("dangling", "real/new")] {
            symlink(target, path(link))
        }
        try OutputFile.write(Array("old".utf8), to: path("real/file"), links: .follow)
        try OutputFile.write(Array("new".utf8), to: path("a"), links: .follow)
        #expect(try text("real/file") == "new")
        #expect(status("a").st_mode & S_IFMT == S_IFLNK && status("b").st_mode & S_IFMT == S_IFLNK)
        try OutputFile.write(Array("made".utf8), to: path("dangling"), links: .follow)
        #expect(try text("real/new") == "made")
        symlink("loop", path("loop"))
        #expect(throws: FileError.self) { try OutputFile.write([1], to: path("loop"), links: .follow) }
    }

    @Test func `a link in a folder of another user is refused and its target untouched`() throws {
        try OutputFile.create(Array("secret".utf8), at: path("secret"), mode: 0o600)
        symlink(path("secret"), path("dr.prom"))
        let error = #expect(throws: FileError.self) {
            try OutputFile.write(Array("x".utf8), to: path("dr.prom"), mode: 0o644, links: .refuse)
        }
        #expect(error?.description.contains("symbolic link") == true)
        #expect(try text("secret") == "secret" && status("secret").st_mode & 0o777 == 0o600)
    }

    @Test func `a device is written through and stays a device`() throws {
        let isDevice = { (path: String) in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
        }
        try OutputFile.write([1], to: "/dev/null", links: .follow)
        let error = #expect(throws: FileError.self) { try OutputFile.write([1], to: "/dev/full", links: .follow) }
        #expect(error?.description == "'/dev/full' cannot be written: No space left on device")
        #expect(isDevice("/dev/null") && isDevice("/dev/full"))
    }

    @Test func `a FIFO is written through and stays a FIFO`() throws {
        try #require(mkfifo(path("fifo"), 0o600) == 0)
        let fifo = path("fifo")
        // The reader is already open, so no call has to wait.
        let reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try OutputFile.write(Array("through".utf8), to: fifo, links: .follow)
        var content = [UInt8](repeating: 0, count: 100)
        #expect(read(reader, &content, content.count) == 7)
        close(reader)
        #expect(String(decoding: content.prefix(7), as: UTF8.self) == "through")
        #expect(status("fifo").st_mode & S_IFMT == S_IFIFO)
        // Without a reader, in a folder of another user, it fails instead of waiting.
        let error = #expect(throws: FileError.self) { try OutputFile.write([1], to: fifo, links: .refuse) }
        #expect(error != nil)
    }

    @Test func `an open descriptor is written where it stands`() throws {
        let file = open(path("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        #expect(write(file, "first ", 6) == 6)
        try OutputFile.write(Array("second".utf8), to: "/dev/fd/\(file)", links: .follow)
        #expect(try text("log") == "first second")
    }

    @Test(arguments: [
        ("nowhere/a", "No such file or directory"), ("folder", "Is a directory"), ("file/a", "Not a directory"),
    ])
    func `a path that cannot be written is named with the cause`(name: String, cause: String) throws {
        try FileManager.default.createDirectory(atPath: path("folder"), withIntermediateDirectories: false)
        try OutputFile.write([1], to: path("file"), links: .follow)
        let error = #expect(throws: FileError.self) { try OutputFile.write([1], to: path(name), links: .follow) }
        #expect(error?.path == path(name))
        #expect(error?.detail.hasSuffix(cause) == true)
        #expect(leftovers.isEmpty)
    }

    @Test func `a file is created only where nothing has its name`() throws {
        try OutputFile.create(Array("key".utf8), at: path("key"), mode: 0o600)
        #expect(try text("key") == "key" && status("key").st_mode & 0o777 == 0o600)
        symlink(path("elsewhere"), path("link"))
        for name in ["key", "link"] {
            #expect(throws: FileError.self) { try OutputFile.create([1], at: path(name), mode: 0o600) }
        }
        #expect(!FileManager.default.fileExists(atPath: path("elsewhere")))
    }

    @Test func `Foundation's errors are put into plain words`() {
        let missing = #expect(throws: (any Error).self) { try Data(contentsOf: URL(filePath: path("nothing"))) }
        #expect(missing.map(FileFailure.text) == "No such file or directory")
        try? Data([0xFF, 0xFE, 0xC0]).write(to: URL(filePath: path("binary")))
        let binary = #expect(throws: (any Error).self) { try String(contentsOfFile: path("binary"), encoding: .utf8) }
        #expect(binary.map(FileFailure.text) == "it is not UTF-8 text")
    }
}
