import BackupRepository
import Foundation
import Lab
import Logging
import Platform
import Testing

@testable import Git

/// Repositories made with the real `git`, and a state folder, in one temporary place.
struct GitFixture: Sendable {
    let folder: TemporaryFolder
    static let pool = BlockingPool(threads: 8)

    var origin: String { "\(folder.path)/origin" }
    var state: String { "\(folder.path)/state" }

    /// - Parameter commits: on branch `main`, one file each.
    init(commits: Int = 2) async throws {
        folder = try TemporaryFolder("git")
        for name in ["origin", "state"] {
            try FileManager.default.createDirectory(
                at: folder.url.appending(path: name), withIntermediateDirectories: true)
        }
        try await git("init", "--quiet", "--initial-branch=main")
        for number in 0..<commits { try await commit("file \(number)", "content \(number)\n") }
    }

    @discardableResult
    func git(_ arguments: String..., in folder: String? = nil, sourceLocation: SourceLocation = #_sourceLocation)
        async throws -> String
    {
        let run = try await CommandRun.run(
            "/usr/bin/env", ["git"] + arguments, in: URL(filePath: folder ?? origin),
            environment: [
                "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ada",
                "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
                "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
                "GIT_COMMITTER_DATE": "2026-01-02T03:04:06Z",
            ])
        #expect(
            run.status == 0, "git \(arguments.joined(separator: " ")): \(run.errors)", sourceLocation: sourceLocation)
        return run.output.trimmingCharacters(in: .newlines)
    }

    /// - Returns: the commit's name.
    @discardableResult
    func commit(_ file: String, _ text: String) async throws -> String {
        try Data(text.utf8).write(to: URL(filePath: "\(origin)/\(file)"))
        try await git("add", "--all")
        try await git("commit", "--quiet", "--message", "change \(file)")
        return try await git("rev-parse", "HEAD")
    }

    /// Captures, examines, and releases the capture.
    @discardableResult
    func capture(
        _ url: String? = nil, branch: String? = nil, access: GitAccess = GitAccess()
    ) async throws -> (capture: GitCapture, tree: [String: TreeFile]) {
        let source = GitSource(url: url ?? origin, branch: branch, access: access, pool: Self.pool)
        let context = CaptureContext(run: UUID().uuidString, state: state, logger: Logger(label: "test"))
        let capture = try #require(try await source.capture(context) as? GitCapture)
        let tree = try Self.files(in: capture.root)
        try await capture.release()
        return (capture, tree)
    }

    /// The reason why a capture fails.
    func failure(_ url: String? = nil, branch: String? = nil) async -> ComponentError? {
        await #expect(throws: ComponentError.self) { try await capture(url, branch: branch) }
    }

    struct TreeFile: Equatable {
        var inode: UInt64
        var modified: Date
    }

    static func files(in root: String) throws -> [String: TreeFile] {
        var files: [String: TreeFile] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(root)/\(name)")
            files[name] = TreeFile(
                inode: try #require(attributes[.systemFileNumber] as? UInt64),
                modified: try #require(attributes[.modificationDate] as? Date))
        }
        return files
    }

    /// Imports the last capture.
    @discardableResult
    func restore(to name: String, dryRun: Bool = false, replace: Bool = false) async throws -> [ImportedObject] {
        let manifest = try JSONDecoder().decode(
            Manifest.self,
            from: Data(
                """
                {"format": 1, "kind": "manifest", "component": "configuration", "source": "git", "damage": [], "packs": [],
                "name": "20260528T202640Z", "captured": "20260528T202640Z", "facts": {},
                "totals": {"files": 2, "directories": 0, "links": 0, "bytes": 0}}
                """.utf8))
        var request = ImportRequest(
            tree: "\(state)/documents", manifest: manifest, progress: WorkProgress(), logger: Logger(label: "test"))
        request.directory = "\(folder.path)/\(name)"
        request.isDryRun = dryRun
        request.replaces = replace
        let reported = Reported()
        try await GitImporter(pool: Self.pool, stamp: "now").run(request) { reported.add($0) }
        return reported.objects
    }
}

/// Collects the reports of an importer.
final class Reported: @unchecked Sendable {
    // Unchecked: an importer reports one object at a time, and has finished before the objects are read.
    private(set) var objects: [ImportedObject] = []
    func add(_ object: ImportedObject) { objects.append(object) }
}
