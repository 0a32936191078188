import Cryptography
import FileTree
import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import Testing

@testable import BackupRepository

/// A source tree, a repository in a directory, and a state folder, all in one temporary folder.
struct Fixture: Sendable {
    let folder: TemporaryFolder
    /// Small packs, so that a small tree needs several.
    var settings = PackSettings(targetBytes: 64 << 10, maximumMembers: 16)

    var source: URL { folder.url.appending(path: "source") }
    var repositoryFolder: URL { folder.url.appending(path: "repository") }

    init() throws {
        folder = try TemporaryFolder("repository")
        try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(at: repositoryFolder, withIntermediateDirectories: true)
    }

    func store() throws -> DirectoryStore { try DirectoryStore(path: repositoryFolder.path, create: true) }

    func repository(_ store: (any ObjectStore)? = nil) throws -> Repository {
        try Repository.create(in: try store ?? self.store(), tool: "test", now: Self.clock(), pack: settings).0
    }

    func write(_ path: String, _ content: [UInt8]) throws {
        let file = source.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content).write(to: file)
    }

    func write(_ path: String, _ text: String) throws { try write(path, Array(text.utf8)) }

    /// Returns reproducible bytes that hardly compress.
    static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        CorpusRandom.noise(count, seed: seed)
    }

    /// Writes a tree with all kinds of entries, for several packs.
    func writeTree() throws {
        for number in 0..<20 { try write("many/\(number)", Self.noise(900 + number, seed: UInt64(number + 1))) }
        try write("large", Self.noise(200_000, seed: 99))
        try write("text/words", String(repeating: "all work and no play ", count: 3000))
        try write("empty", "")
    }

    static let pool = BlockingPool(threads: 8)

    static func clock() -> Timestamp { Timestamp(seconds: Int(Date().timeIntervalSince1970)) }

    /// - Parameter name: the folder's name: another name represents another machine, or a lost cache.
    func state(of repository: Repository, _ name: String = "state") throws -> StateFolder {
        try StateFolder(folder.url.appending(path: name).path, repository: repository.description)
    }

    /// - Parameter state: the name of the state folder.
    @discardableResult
    func backup(
        _ repository: Repository, source: (any ComponentSource)? = nil, state: String = "state",
        pool: BlockingPool = Fixture.pool, now: @escaping @Sendable () -> Timestamp = Fixture.clock
    ) async throws -> BackupRun.Report {
        let folder = try self.state(of: repository, state)
        var component = BackupRun.Component(
            name: "tree", kind: "files", source: source ?? FileTreeSource(data: self.source.path))
        component.shrinkThreshold = 1  // trees of tests lose most of their files intentionally
        return try await BackupRun(
            repository: repository, components: [component], stack: "test", tool: "test", state: folder,
            pool: pool, logger: Logger(label: "test"), now: now
        ).run()
    }

    func verify(_ repository: Repository, share: Double = 1) async throws -> Verification.Report {
        var verification = Verification(repository: repository, pool: Self.pool, progress: WorkProgress())
        verification.share = share
        return try await verification.run()
    }

    @discardableResult
    func restore(
        _ repository: Repository, set: BackupSet, to name: String, replace: Bool = false, paths: [String] = [],
        keepsSetuid: Bool = false, pool: BlockingPool = Fixture.pool
    ) async throws -> ComponentRestore.Report {
        let manifest = try await pool.run { try repository.manifest("tree", of: set) }
        let target = try RestoreTarget(
            folder.url.appending(path: name).path, identity: "tree-\(manifest.name)", stamp: "now", replace: replace)
        var restore = ComponentRestore(
            repository: repository, manifest: manifest, target: target, pool: pool, progress: WorkProgress())
        restore.paths = paths
        restore.keepsSetuid = keepsSetuid
        return try await restore.run()
    }

    /// Compares a restored tree with the source by `diff` and `find`, which are independent of dr: names, contents,
    /// modes, owners, times and links.
    /// - Parameter times: false if a directory's own time is known to have changed since then.
    func expectSame(_ name: String, times: Bool = true, sourceLocation: SourceLocation = #_sourceLocation) async throws
    {
        let restored = folder.url.appending(path: name)
        let diff = try await CommandRun.run(
            "/usr/bin/diff", ["-r", "--no-dereference", source.path, restored.path])
        #expect(diff.status == 0, "\(diff.output)\(diff.errors)", sourceLocation: sourceLocation)
        func listing(_ root: URL) async throws -> [Substring] {
            let format = times ? "%p %y %m %U %G %T@" : "%p %y %m %U %G"
            let run = try await CommandRun.run(
                "/usr/bin/find",
                [
                    ".", "-mindepth", "1", "-type", "d", "-printf", "\(format)\\0", "-o", "-printf",
                    "\(format) %s %l\\0",
                ], in: root)
            return run.output.split(separator: "\0").sorted()
        }
        let (expected, found) = (try await listing(source), try await listing(restored))
        #expect(!expected.isEmpty && expected == found, sourceLocation: sourceLocation)
    }

    /// Every object of the repository, sorted.
    func objects() throws -> [ObjectKey] {
        var keys: [ObjectKey] = []
        try store().list(prefix: "", after: nil) { object in
            keys.append(object.key)
            return .proceed
        }
        return keys
    }

    func file(of key: ObjectKey) -> URL { repositoryFolder.appending(path: key.text) }
}
