import FileTree
import Foundation
import Lab
import ObjectStorage
import Testing
@testable import BackupRepository

/// Trees that are deeper than the limit of open files, and folders that no backup includes.
@Suite struct DeepTreeTests {
    /// A chain of directories, with a file before and after each.
    private func chain(_ depth: Int) async throws -> TemporaryFolder {
        let folder = try TemporaryFolder("deep")
        let script = "cd \"$1\"; for i in $(seq \(depth)); do mkdir m; echo $i > a; echo $i > z; cd m; done"
        #expect(try await CommandRun.run("/bin/bash", ["-c", script, "sh", folder.path]).status == 0)
        return folder
    }

    /// Returns the number of descriptors of this process inside a folder.
    private func descriptors(into folder: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.count { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)"))?.hasPrefix(folder)
                ?? false
        }
    }

    @Test func `a walk holds few directories open and misses nothing`() async throws {
        let folder = try await chain(300)
        var paths: [[UInt8]] = []
        var most = 0
        try TreeWalker(tree: try CapturedTree(folder.path)).walk { record in
            if paths.count % 50 == 0 || record.path.count > 590 { most = max(most, descriptors(into: folder.path)) }
            paths.append(record.path)
        } oddity: {
            Issue.record("\($0)")
        }
        #expect(paths.count == 900 && Set(paths).count == 900)
        #expect(paths == paths.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(most > 0 && most < 16, "\(most)")
    }

    @Test func `the walk reports a directory that moves during the walk and continues with the rest`() async throws {
        let folder = try await chain(40)
        var (paths, oddities) = (Set<String>(), [TreeWalker.Oddity]())
        try TreeWalker(tree: try CapturedTree(folder.path)).walk { record in
            paths.insert(record.name)
            if record.path.count == 60 {
                try FileManager.default.moveItem(atPath: "\(folder.path)/m/m/m", toPath: "\(folder.path)/x")
                try FileManager.default.moveItem(atPath: "\(folder.path)/m/m", toPath: "\(folder.path)/m/gone")
            }
        } oddity: {
            oddities.append($0)
        }
        #expect(paths.contains("z") && paths.contains("m/z") && paths.contains("m/m/m/z"))
        #expect(oddities.map { String(decoding: $0.path, as: UTF8.self) } == ["m/m/"])
        #expect(oddities.first?.isLoss == true)
    }

    @Test func `a deep tree is stored, verified and restored`() async throws {
        let fixture = try Fixture()
        // Longer than the system accepts for one path.
        let script = """
            cd "$1"; n=$(printf 'd%.0s' $(seq 100)); for i in $(seq 60); do mkdir $n; echo $i > a; echo $i > z; cd $n; done
            """
        #expect(try await CommandRun.run("/bin/bash", ["-c", script, "sh", fixture.source.path]).status == 0)
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository)
        #expect(report.set.status == .complete && report.set.components["tree"]?.files == 120)
        try await fixture.restore(repository, set: report.set, to: "out")
        var listings: [String] = []
        for name in ["source", "out"] {  // diff cannot enter such paths
            let listing = "cd \"$1\" && find . -printf '%p %y %m %s %T@\\n' | sort"
            listings.append(
                try await CommandRun.run(
                    "/bin/sh", ["-c", listing, "sh", fixture.folder.url.appending(path: name).path]
                ).output)
        }
        #expect(listings[0] == listings[1] && listings[0].count > 180 * 1000)
    }

    // MARK: Own folders

    @Test func `the store and the state folder are skipped wherever they lie, with a note`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let inside = fixture.source.appending(path: "backups/here")
        let store = try DirectoryStore(path: inside.path, create: true)
        try FileManager.default.createSymbolicLink(
            atPath: fixture.source.appending(path: "shortcut").path, withDestinationPath: inside.path)
        let repository = try fixture.repository(store)
        var report: BackupRun.Report?
        for _ in 0..<2 { report = try await fixture.backup(repository, state: "source/many/state") }
        #expect(report?.set.status == .complete && report?.set.components["tree"]?.files == 23)
        #expect(
            report?.notes == [
                "tree: skipped 'backups/here/': it is the store", "tree: skipped 'many/state/': it is the state folder",
            ])
        #expect(report?.warnings == [])
        #expect(report?.set.components["tree"]?.added.packs == 0, "the second run finds nothing new")
    }

    @Test func `the backup refuses a component whose whole directory is the store`() async throws {
        let fixture = try Fixture()
        try fixture.writeTree()
        let repository = try fixture.repository()
        let failure = await #expect(throws: BackupFailure.self) {
            try await fixture.backup(repository, source: FileTreeSource(data: fixture.repositoryFolder.path))
        }
        #expect(failure?.reasons["tree"]?.contains("this directory is the store") == true)
    }

    @Test(arguments: [
        (".dr-restore-tree-20261120T010203Z", true), (".dr-before-20261120T010203Z", true), (".dr-before-mine", false),
        (".dr-restore-", false), ("x.before-20261120T010203Z", false), ("dr-before-20261120T010203Z", false),
    ]) func `the backup skips leftovers of a restore by their exact names`(name: String, isSkipped: Bool) async throws {
        let fixture = try Fixture()
        try fixture.write("keep/\(name)/f", "x")
        try fixture.write("keep/g", "x")
        let report = try await fixture.backup(try fixture.repository())
        #expect(report.set.components["tree"]?.files == (isSkipped ? 1 : 2))
        #expect(report.notes.count == (isSkipped ? 1 : 0))
    }
}
