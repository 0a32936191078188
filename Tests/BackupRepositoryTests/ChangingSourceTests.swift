import Foundation
import Lab
import Testing

@testable import BackupRepository

/// Files that vanish, grow, shrink or change their type between the scan and the reading.
@Suite struct ChangingSourceTests {
    /// Captures a directory; `meddle` changes it after the scan and before the reading.
    private struct Meddling: ComponentSource, Capture {
        static let kind = "files"
        var root: String
        var isFrozen = false
        var defects: [Damage] = []
        var meddle: @Sendable () throws -> Void
        var inspecting: @Sendable (String) -> (any ContentInspector)? = { _ in nil }
        let watermark: Int? = nil
        let facts: [String: String] = [:]
        let warnings: [String] = []

        func capture(_ context: CaptureContext) async throws -> any Capture { self }
        func examine(_ changed: [String]) async throws -> [Damage] {
            try meddle()
            return defects
        }
        func inspector(of path: String) -> (any ContentInspector)? { inspecting(path) }
        func release() async throws {}
    }

    /// Compares a file's content with its name.
    private final class NamedContent: ContentInspector {
        private let path: String
        private let whenWrong: () -> Void
        private var content: [UInt8] = []

        init(_ path: String, whenWrong: @escaping () -> Void = {}) {
            self.path = path
            self.whenWrong = whenWrong
        }

        func write(_ bytes: RawSpan) { bytes.withUnsafeBytes { content.append(contentsOf: $0) } }

        func finish() -> [Damage] {
            if content.starts(with: Array(path.utf8)), content.last == UInt8(ascii: ".") { return [] }
            whenWrong()
            return [Damage(path: path, reason: "not what its name says")]
        }
    }

    @Test func `many vanished files are one line`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let folder = fixture.source.appending(path: "many")
        let report = try await fixture.backup(
            try fixture.repository(),
            source: Meddling(root: fixture.source.path) { try FileManager.default.removeItem(at: folder) })
        #expect(report.set.status == .complete)
        #expect(report.warnings == ["tree: 'many/0' and 19 more vanished before they were read"])
    }

    @Test(arguments: [10, 200_000, 3_000_000]) func `a file that is written slowly is read again`(size: Int)
        async throws
    {
        let fixture = try Fixture()
        let whole = Array("slow".utf8) + Fixture.noise(size, seed: 5) + [UInt8(ascii: ".")]
        try fixture.write("slow", Array(whole.dropLast(2)))
        var source = Meddling(root: fixture.source.path) {}
        source.inspecting = { path in NamedContent(path) { try? fixture.write("slow", whole) } }
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository, source: source)
        #expect(report.set.status == .complete)
        try await fixture.restore(repository, set: report.set, to: "out")
        try await fixture.expectSame("out")
    }

    /// Appends to a file while it is read, and also changes its beginning if `rewrites` is set.
    private final class Writer: ContentInspector {
        private let file: String
        private let rewrites: Bool

        init(_ file: String, rewrites: Bool) { (self.file, self.rewrites) = (file, rewrites) }

        func write(_ bytes: RawSpan) {
            guard let handle = FileHandle(forUpdatingAtPath: file) else { return }
            if rewrites { try? handle.write(contentsOf: Data(UUID().uuidString.utf8)) }
            _ = try? handle.seekToEnd()
            try? handle.write(contentsOf: Data("more".utf8))
            try? handle.close()
        }

        func finish() -> [Damage] { [] }
    }

    /// The stored content of a file that only grows is its state at one moment; of one that also changes, a mixture.
    @Test(arguments: [false, true]) func `a file that changes while it grows is torn, one that only grows is not`(
        rewrites: Bool
    ) async throws {
        let fixture = try Fixture()
        let content = Fixture.noise(3_000_000, seed: 8)
        try fixture.write("db", content)
        let file = fixture.source.appending(path: "db").path
        var source = Meddling(root: fixture.source.path) {}
        source.inspecting = { _ in Writer(file, rewrites: rewrites) }
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository, source: source)
        #expect(report.set.status == (rewrites ? .partial : .complete))
        #expect(report.set.reasons == (rewrites ? ["tree: 'db' was skipped: it changed while it was read"] : []))
        guard !rewrites else { return }
        try await fixture.restore(repository, set: report.set, to: "out")
        #expect(try [UInt8](Data(contentsOf: fixture.folder.url.appending(path: "out/db"))) == content)
    }

    /// Content that is valid under one name is invalid under another, even if the repository holds it. Empty content
    /// counts too.
    @Test(arguments: [10, 3_000_000]) func `content is inspected under every name`(size: Int) async throws {
        let fixture = try Fixture()
        try fixture.write("a", Array("a".utf8) + Fixture.noise(size, seed: 6) + [UInt8(ascii: ".")])
        var source = Meddling(root: fixture.source.path) {}
        source.inspecting = { NamedContent($0) }
        let repository = try fixture.repository()
        try await fixture.backup(repository, source: source)
        try FileManager.default.copyItem(
            at: fixture.source.appending(path: "a"), to: fixture.source.appending(path: "b"))
        try fixture.write("c", "")
        for name in ["b", "c"] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)],
                ofItemAtPath: fixture.source.appending(path: name).path)
        }
        let report = try await fixture.backup(repository, source: source)
        #expect(report.manifests["tree"]?.damage.map(\.path) == ["b", "c"])
    }

    @Test func `a vanished file is life in a tree and damage in a snapshot`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let victim = fixture.source.appending(path: "many/7")
        let repository = try fixture.repository()
        let original = try Data(contentsOf: victim)
        let alive = try await fixture.backup(
            repository,
            source: Meddling(root: fixture.source.path) { try FileManager.default.removeItem(at: victim) })
        #expect(alive.set.status == .complete)
        #expect(alive.warnings.contains { $0.contains("'many/7' vanished") })
        try original.write(to: victim)
        let frozen = try await fixture.backup(
            repository,
            source: Meddling(root: fixture.source.path, isFrozen: true) {
                try FileManager.default.removeItem(at: victim)
            })
        #expect(frozen.set.status == .partial)
        #expect(frozen.manifests["tree"]?.damage.map(\.path) == ["many/7"])
        try await fixture.restore(repository, set: frozen.set, to: "out")
        try await fixture.expectSame("out", times: false)
    }

    @Test(arguments: [10, 200_000, 3_000_000]) func `sizes that change are read as they are`(size: Int) async throws {
        let fixture = try Fixture()
        try fixture.write("shrinks", Fixture.noise(size, seed: 1))
        try fixture.write("grows", Fixture.noise(size, seed: 2))
        try fixture.write("empties", Fixture.noise(size, seed: 3))
        try fixture.write("kind", Fixture.noise(size, seed: 4))
        let repository = try fixture.repository()
        let folder = fixture.source
        let report = try await fixture.backup(
            repository,
            source: Meddling(root: folder.path) {
                try Data(Fixture.noise(size / 2, seed: 1)).write(to: folder.appending(path: "shrinks"))
                try Data(Fixture.noise(size * 2, seed: 2)).write(to: folder.appending(path: "grows"))
                try Data().write(to: folder.appending(path: "empties"))
                try FileManager.default.removeItem(at: folder.appending(path: "kind"))
                try FileManager.default.createSymbolicLink(
                    at: folder.appending(path: "kind"), withDestinationURL: URL(filePath: "/etc/passwd"))
            })
        #expect(report.set.status == .complete)
        try await fixture.restore(repository, set: report.set, to: "out")
        try FileManager.default.removeItem(at: folder.appending(path: "kind"))
        try await fixture.expectSame("out")
        #expect(try await fixture.verify(repository).findings.isEmpty)
    }

    @Test func `the backup skips damaged parts and keeps the rest`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        try await fixture.backup(repository)
        try fixture.write("text/words", "changed, and damaged")
        var source = Meddling(root: fixture.source.path, isFrozen: true) {}
        source.defects = [Damage(path: "text", reason: "as the test has it")]
        let report = try await fixture.backup(repository, source: source)
        #expect(report.set.status == .partial)
        #expect(report.set.reasons == ["tree: 'text' was skipped: as the test has it"])
        try FileManager.default.removeItem(at: fixture.source.appending(path: "text"))
        try await fixture.restore(repository, set: report.set, to: "out")
        try await fixture.expectSame("out")
    }

    @Test func `a component that fails costs the others nothing`() async throws {
        struct Failing: ComponentSource {
            static let kind = "files"
            func capture(_ context: CaptureContext) async throws -> any Capture {
                throw ComponentError(.unreachable, operation: "snapshot of http://nowhere", "connection refused")
            }
        }
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let failure = await #expect(throws: BackupFailure.self) {
            try await fixture.backup(repository, source: Failing())
        }
        #expect(failure?.reasons["tree"]?.contains("connection refused") == true)
        #expect(try repository.setNames().isEmpty, "a set without components must not be written")
    }
}
