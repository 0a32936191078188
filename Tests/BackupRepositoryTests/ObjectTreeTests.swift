import Cryptography
import Foundation
import Platform
import Synchronization
import Testing

@testable import BackupRepository

/// Files that are not on this machine, and are lost while they are read.
@Suite struct ObjectTreeTests {
    enum Loss: Sendable { case vanishes, changes, isUnreadable }

    /// Three files; `a/1` is never read to its end, and `a` is of no use without it.
    private final class UnsteadyTree: ObjectTree {
        let lanes = 2
        private let loss: Loss
        private let missing = Mutex([String: String]())

        init(_ loss: Loss) { self.loss = loss }

        private static let content = Array("content".utf8)

        private static func record(_ path: String) -> FileRecord {
            let isFolder = path.hasSuffix("/")
            return FileRecord(
                path: Array(path.utf8), kind: isFolder ? .directory : .file, size: isFolder ? 0 : content.count,
                mode: 0o644, uid: 0, gid: 0, modified: FileTime(nanoseconds: 0), inode: 1)
        }

        func walk(_ visit: (FileRecord) throws -> Void) throws {
            for path in ["a/", "a/1", "a/2", "b"] { try visit(Self.record(path)) }
        }

        func read(_ record: FileRecord, _ sink: (RawSpan) throws -> Void) throws -> ObjectReading {
            guard record.name == "a/1" else {
                try sink(Self.content.span.bytes)
                return .whole(record)
            }
            return switch loss {
            case .vanishes: .vanished
            case .changes: .changed
            case .isUnreadable: .unreadable("it is locked")
            }
        }

        func look(at path: [UInt8]) throws -> FileRecord? { Self.record(String(decoding: path, as: UTF8.self)) }

        func noteMissing(_ path: [UInt8], because reason: String) {
            missing.withLock { $0[String(decoding: path, as: UTF8.self)] = reason }
        }

        func incomplete() -> [Damage] {
            missing.withLock { $0 }.map { path, reason in
                Damage(path: path.split(separator: "/").first.map(String.init) ?? path, reason: "\(path): \(reason)")
            }
        }
    }

    @Test(arguments: [(Loss.vanishes, "it vanished"), (.changes, "changed"), (.isUnreadable, "it is locked")])
    func `a file that is lost in the last attempt takes its folder along`(
        loss: Loss, reason: String
    ) async throws {
        let fixture = try Fixture()
        let repository = try fixture.repository()
        var source = StubSource(root: fixture.source.path)
        source.objects = UnsteadyTree(loss)
        let report = try await fixture.backup(repository, source: source)
        let manifest = try #require(report.manifests["tree"])
        #expect(report.set.status == .partial)
        #expect(manifest.totals.files == 1 && manifest.totals.directories == 0)
        let damage = try #require(manifest.damage.first { $0.path == "a" })
        #expect(damage.reason.hasPrefix("a/1: ") && damage.reason.contains(reason))
        #expect(try await fixture.verify(repository).findings.isEmpty)
    }

    /// A place that takes all files.
    private struct Nowhere: ObjectDestination {
        let passes = 1
        func pass(of path: [UInt8]) -> Int { 0 }
        func needs(_ record: FileRecord, _ digest: Digest) throws -> Bool { true }
        func receiver(of record: FileRecord) -> any ObjectReceiver { Receiver() }
        func finish() {}

        private final class Receiver: ObjectReceiver {
            func write(_ bytes: RawSpan) throws {}
            func finish(_ digest: Digest) throws {}
        }
    }

    @Test func `a restore counts its files once and the bytes from the store`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository)
        let manifest = try #require(report.manifests["tree"])
        let progress = WorkProgress()
        try await ObjectRestore(
            repository: repository, manifest: manifest, destination: Nowhere(), pool: Fixture.pool, progress: progress
        ).run(to: "nowhere")
        #expect(progress.state.files == manifest.totals.files)
        #expect(progress.state.bytes == manifest.totals.bytes)
        #expect(progress.state.transferred > 0)
    }

    @Test func `a restore that is not into a directory does not say that its target is unchanged`() {
        var failure = RestoreFailure(damage: [], staging: "", target: "s3://bucket")
        #expect(failure.hint?.contains("unchanged") == true)
        failure.isTargetUnchanged = false
        #expect(failure.hint?.contains("unchanged") == false)
    }
}
