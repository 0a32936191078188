import Foundation
import Lab
import Testing

@testable import BackupRepository

/// Files that are copied into a tree that is kept between runs.
@Suite struct DocumentCopyTests {
    private struct Refusing: Sendable {
        final class Inspector: ContentInspector {
            var count = 0
            func write(_ bytes: RawSpan) { count += bytes.byteCount }
            func finish() -> [Damage] { count == 600_000 ? [] : [Damage(path: "f", reason: "\(count) bytes")] }
        }
    }

    private func write(_ bytes: [UInt8], to file: URL, mtime: Double? = nil) throws {
        try Data(bytes).write(to: file)
        guard let mtime else { return }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: mtime), .posixPermissions: 0o640], ofItemAtPath: file.path)
    }

    private func attributes(_ path: String) throws -> (inode: Int?, time: Date?, mode: Int?) {
        let values = try FileManager.default.attributesOfItem(atPath: path)
        return (
            values[.systemFileNumber] as? Int, values[.modificationDate] as? Date, values[.posixPermissions] as? Int
        )
    }

    @Test func `a copy keeps time and mode and is left alone while nothing changes`() throws {
        let folder = try TemporaryFolder("copy")
        let file = folder.url.appending(path: "f")
        try write(Fixture.noise(600_000, seed: 1), to: file, mtime: 1_700_000_000.25)
        var inode: Int?
        for (mtime, expected) in [
            (1_700_000_000.25, DocumentCopy.copied), (1_700_000_000.25, .unchanged), (1_700_000_001, .copied),
        ] {
            try write(Fixture.noise(600_000, seed: 1), to: file, mtime: mtime)
            let tree = try DocumentTree(in: folder.path, run: "r")
            #expect(try tree.copy(from: file.path, to: "a/b/f", inspector: Refusing.Inspector()) == expected)
            try tree.removeTheRest()
            let found = try attributes("\(tree.path)/a/b/f")
            #expect(found.time == Date(timeIntervalSince1970: mtime) && found.mode == 0o640)
            if expected == .unchanged { #expect(found.inode == inode) }
            inode = found.inode
            #expect(FileManager.default.contents(atPath: "\(tree.path)/a/b/f") == (try Data(contentsOf: file)))
            try tree.release()
        }
    }

    /// Within one tick of the file system's clock, time and size stay the same.
    @Test func `a file that changed in the second of its copy is compared`() throws {
        let folder = try TemporaryFolder("copy")
        let file = folder.url.appending(path: "f")
        let now = Date().timeIntervalSince1970.rounded(.down)
        for (content, expected) in [("one", DocumentCopy.copied), ("one", .unchanged), ("two", .copied)] {
            try write(Array(content.utf8), to: file, mtime: now)
            let tree = try DocumentTree(in: folder.path, run: "r")
            #expect(try tree.copy(from: file.path, to: "f") == expected)
            #expect(FileManager.default.contents(atPath: "\(tree.path)/f") == Data(content.utf8))
            try tree.release()
        }
    }

    @Test func `the tree leaves out sources that are damaged, missing or not regular files`() throws {
        let folder = try TemporaryFolder("copy")
        let file = folder.url.appending(path: "f")
        try write([1, 2], to: file, mtime: 1_700_000_000)
        let tree = try DocumentTree(in: folder.path, run: "r")
        #expect(
            try tree.copy(from: file.path, to: "f", inspector: Refusing.Inspector())
                == .rejected([Damage(path: "f", reason: "2 bytes")], modified: 1_700_000_000_000_000_000))
        #expect(try tree.copy(from: file.path + "x", to: "g") == .vanished)
        #expect(try tree.copy(from: folder.path, to: "h") == .vanished)
        try FileManager.default.createSymbolicLink(
            at: folder.url.appending(path: "link"), withDestinationURL: file)
        #expect(try tree.copy(from: folder.url.appending(path: "link").path, to: "i") == .vanished)
        try tree.removeTheRest()
        #expect(try FileManager.default.contentsOfDirectory(atPath: tree.path) == [])
        try tree.release()
    }
}
