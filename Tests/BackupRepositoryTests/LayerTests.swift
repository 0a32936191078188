import Foundation
import Lab
import Testing
@testable import BackupRepository

/// Trees that are the union of a root and of directories that are read in place.
@Suite struct LayerTests {
    /// A root with a private index beside a live directory of chunks, of which one part is hidden.
    private struct Layered {
        let fixture: Fixture
        var living: URL { fixture.folder.url.appending(path: "living") }

        init() throws {
            fixture = try Fixture()
            try fixture.write("rules/a.yaml", "rules")
            try fixture.write("chunks/index/table", "private index")
            try fixture.write("chunks/both", "the root's")
            try write("tenant/1", Fixture.noise(900, seed: 1))
            try write("tenant/2", Fixture.noise(200_000, seed: 2))
            try write("index/table", Array("the live index".utf8))
            try write("index/only-here", Array("hidden".utf8))
            try write("both", Array("the layer's".utf8))
            try write("empty", [])
            try FileManager.default.createSymbolicLink(
                atPath: living.appending(path: "link").path, withDestinationPath: "tenant/1")
        }

        func write(_ path: String, _ content: [UInt8]) throws {
            let file = living.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content).write(to: file)
        }

        var source: StubSource {
            var source = StubSource(root: fixture.source.path)
            source.layers = [CaptureLayer("chunks", directory: living.path, hidden: ["index"])]
            return source
        }

        /// Makes the fixture's source a plain directory with the expected content of the union.
        func flatten() throws {
            for name in ["tenant", "empty", "link"] {
                try FileManager.default.copyItem(
                    at: living.appending(path: name), to: fixture.source.appending(path: "chunks/\(name)"))
            }
        }
    }

    private func walk(_ root: String, _ layers: [CaptureLayer]) throws -> [String] {
        var names: [String] = []
        try TreeWalker(tree: try CapturedTree(root, layers: layers)).walk {
            names.append($0.name)
        } oddity: { _ in
        }
        return names
    }

    @Test func `the union is walked in the order of its paths`() throws {
        let layered = try Layered()
        let names = try walk(layered.source.root, layered.source.layers)
        #expect(
            names == [
                "chunks/", "chunks/both", "chunks/empty", "chunks/index/", "chunks/index/table", "chunks/link",
                "chunks/tenant/", "chunks/tenant/1", "chunks/tenant/2", "rules/", "rules/a.yaml",
            ])
        #expect(names.map { Array($0.utf8) }.adjacentPairsAreAscending)
    }

    @Test func `a layer needs no place in the root`() throws {
        let layered = try Layered()
        try FileManager.default.removeItem(at: layered.fixture.source.appending(path: "chunks"))
        let names = try walk(layered.source.root, layered.source.layers)
        #expect(
            names == [
                "chunks/", "chunks/both", "chunks/empty", "chunks/link", "chunks/tenant/", "chunks/tenant/1",
                "chunks/tenant/2", "rules/", "rules/a.yaml",
            ])
    }

    @Test func `the tree opens the same files that the walk found`() throws {
        let layered = try Layered()
        let tree = try CapturedTree(layered.source.root, layers: layered.source.layers)
        func text(_ path: String) -> String? {
            let descriptor = tree.open(Array(path.utf8), O_RDONLY | O_NOFOLLOW)
            guard descriptor >= 0 else { return nil }
            return (try? FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).readToEnd()).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(text("chunks/both") == "the root's" && text("chunks/index/table") == "private index")
        #expect(text("chunks/tenant/1")?.isEmpty == false)
        #expect(text("chunks/index/only-here") == nil && text("both") == nil)
        // A directory that is removed and created again between two files.
        try FileManager.default.removeItem(at: layered.living.appending(path: "tenant"))
        #expect(text("chunks/tenant/1") == nil)
        try layered.write("tenant/1", Array("anew".utf8))
        #expect(text("chunks/tenant/1") == "anew")
        #expect(tree.hasTop(Array("chunks".utf8)) && tree.hasTop(Array("rules".utf8)) && !tree.hasTop(Array("x".utf8)))
    }

    /// Also if it is a file at the layer's top, and the root's file of that name vanished after the walk.
    @Test func `the tree does not open hidden files of a layer`() throws {
        let layered = try Layered()
        let layer = CaptureLayer("chunks", directory: layered.living.path, hidden: ["both"])
        let tree = try CapturedTree(layered.source.root, layers: [layer])
        try FileManager.default.removeItem(at: layered.fixture.source.appending(path: "chunks/both"))
        #expect(tree.open(Array("chunks/both".utf8), O_RDONLY) == -1 && errno == ENOENT)
        #expect(tree.open(Array("chunks/empty".utf8), O_RDONLY) >= 0)
    }

    @Test func `a restored tree is the union`() async throws {
        let layered = try Layered()
        let repository = try layered.fixture.repository()
        let first = try await layered.fixture.backup(repository, source: layered.source)
        #expect(first.set.status == .complete && first.set.components["tree"]?.files == 6)
        // Unchanged: no file is read again, in either part.
        let second = try await layered.fixture.backup(repository, source: layered.source)
        #expect(second.set.components["tree"]?.added.files == 0)
        // One more chunk in the layer: only the chunk and its directory are stored, and the directory is not a file.
        try layered.write("tenant/3", Array("three".utf8))
        let third = try await layered.fixture.backup(repository, source: layered.source)
        #expect(third.set.components["tree"]?.added.files == 1)
        try await layered.fixture.restore(repository, set: third.set, to: "out")
        try layered.flatten()
        try await layered.fixture.expectSame("out", times: false)
        #expect(try await layered.fixture.verify(repository).findings.isEmpty)
    }

    /// Retention may delete a chunk between the scan and the reading; a note records it. A layer that is gone as a
    /// whole is an error: no set may be committed as if there had been no chunks.
    @Test func `a file that vanishes from a layer gives a warning, a layer that vanishes fails the backup`()
        async throws
    {
        let layered = try Layered()
        let repository = try layered.fixture.repository()
        var source = layered.source
        let living = layered.living
        source.meddle = { try FileManager.default.removeItem(at: living.appending(path: "tenant/1")) }
        let report = try await layered.fixture.backup(repository, source: source)
        #expect(report.set.status == .complete)
        #expect(report.warnings.contains { $0.contains("'chunks/tenant/1' vanished") })

        try layered.write("tenant/4", [4])
        source.meddle = { try FileManager.default.moveItem(at: living, to: living.appendingPathExtension("gone")) }
        let gone = source
        let during = await #expect(throws: BackupFailure.self) {
            try await layered.fixture.backup(repository, source: gone)
        }
        #expect(during?.reasons["tree"]?.contains("living") == true)
        let before = await #expect(throws: BackupFailure.self) {
            try await layered.fixture.backup(repository, source: layered.source)
        }
        #expect(before?.reasons["tree"]?.contains("cannot open the directory") == true)
        #expect(try repository.setNames().count == 1)
    }
}

extension [[UInt8]] {
    fileprivate var adjacentPairsAreAscending: Bool {
        zip(self, dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
    }
}
