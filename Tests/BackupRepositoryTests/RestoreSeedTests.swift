import Cryptography
import Foundation
import Lab
import ObjectStorage
import Synchronization
import Testing

@testable import BackupRepository

/// Restores that take content from where it already is.
@Suite struct RestoreSeedTests {
    /// A backup of a tree, and a damaged copy of the tree in `out`.
    private struct Place {
        let fixture: Fixture
        let set: BackupSet
        let log: ReadLog
        let repository: Repository

        var out: URL { fixture.folder.url.appending(path: "out") }

        init(isCopied: Bool = true) async throws {
            fixture = try Fixture()
            try fixture.writeTree()
            set = try await fixture.backup(try fixture.repository()).set
            log = ReadLog(try fixture.store())
            repository = try Repository(opening: log)
            if isCopied { try await copy(to: "out") }
        }

        func copy(to name: String) async throws {
            let target = fixture.folder.url.appending(path: name)
            #expect(try await CommandRun.run("/bin/cp", ["-a", fixture.source.path, target.path]).status == 0)
        }

        func restore(
            seeds: [RestoreSeed] = [], usesSeeds: Bool = true, to name: String = "out"
        ) async throws -> ComponentRestore.Report {
            let manifest = try repository.manifest("tree", of: set)
            let target = try RestoreTarget(
                fixture.folder.url.appending(path: name).path, identity: "tree-\(manifest.name)", stamp: "now",
                replace: true)
            var restore = ComponentRestore(
                repository: repository, manifest: manifest, target: target, pool: Fixture.pool,
                progress: WorkProgress())
            restore.seeds = seeds
            restore.usesSeeds = usesSeeds
            return try await restore.run()
        }

        /// Runs a shell script in the folder of all trees.
        func run(_ script: String) async throws {
            let run = try await CommandRun.run("/bin/sh", ["-ec", script], in: fixture.folder.url)
            #expect(run.status == 0, "\(script): \(run.errors)")
        }
    }

    @Test func `a restore over intact files reads no pack`() async throws {
        let place = try await Place()
        let report = try await place.restore()
        #expect(place.log.packs == [] && report.fetched == 0)
        #expect(report.files - report.reusedFiles == 1, "the empty file")
        #expect(report.seeds == [SeedUse(name: "the target", files: report.reusedFiles, bytes: report.bytes)])
        #expect(report.origin.hasSuffix("came from the target, 0 B came from the store"), "\(report.origin)")
        try await place.fixture.expectSame("out")
    }

    @Test func `without seeds, all content comes from the store`() async throws {
        let place = try await Place()
        let report = try await place.restore(usesSeeds: false)
        #expect(report.reusedFiles == 0 && report.seeds == [] && !place.log.packs.isEmpty)
        try await place.fixture.expectSame("out")
    }

    @Test func `a damaged byte costs the packs of its file`() async throws {
        let place = try await Place()
        try await place.run("printf X | dd of=out/many/7 bs=1 seek=400 conv=notrunc status=none")
        let report = try await place.restore()
        #expect(report.files - report.reusedFiles == 2, "the damaged file, and the empty one")
        #expect(Set(place.log.packs).count == 1)
        try await place.fixture.expectSame("out")
    }

    @Test(arguments: [
        "rm out/large; ln -s ../source/large out/large",
        "rm out/large; ln -s \"$PWD/source/large\" out/large",
        "mv out/many elsewhere; ln -s ../elsewhere out/many",
        "rm out/large; mkfifo out/large",
        "rm out/large; mkdir out/large",
        "rm -r out/many; touch out/many",
        "rm out/large; ln source/large out/large",
        "truncate -s -1 out/large",
        "truncate -s +1 out/large",
        "truncate -s 0 out/large; truncate -s 200000 out/large",
        "rm -r out; mkdir out; touch out/other",
        "rm out/large; ln -s large out/large",
    ])
    func `no entry of the target stops a restore, or leads it elsewhere`(_ change: String) async throws {
        let place = try await Place()
        try await place.run(change)
        _ = try await place.restore()
        try await place.fixture.expectSame("out")
        // A file with two names would change through the other one.
        try await place.run("test -z \"$(find out -type f -links +1)\"")
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes devices")) func `devices are not opened`() async throws {
        let place = try await Place()
        try await place.run("rm out/large; mknod out/large c 1 5")
        _ = try await place.restore()
        try await place.fixture.expectSame("out")
    }

    @Test func `content that changes while it is read does not count`() async throws {
        let place = try await Place()
        let file = place.out.appending(path: "large").path
        let isDone = Mutex(false)
        let writer = Thread {
            let descriptor = open(file, O_WRONLY)
            var number: UInt8 = 0
            while !isDone.withLock({ $0 }) {
                pwrite(descriptor, [number, number &+ 1], 2, off_t(number) * 700)
                number &+= 1
            }
            close(descriptor)
        }
        writer.start()
        defer { isDone.withLock { $0 = true } }
        _ = try await place.restore()
        try await place.fixture.expectSame("out")
    }

    @Test func `the first seed that has the content delivers it, and one that is gone is reported once`() async throws {
        let place = try await Place()
        try await place.copy(to: "snapshot")
        try await place.run("rm out/many/3; echo x > snapshot/many/4; rm snapshot/text/words")
        let folder = place.fixture.folder.path
        let report = try await place.restore(seeds: [
            RestoreSeed("\(folder)/gone", "the lost snapshot"), RestoreSeed("\(folder)/snapshot", "the snapshot"),
        ])
        #expect(report.seeds.map(\.name) == ["the target", "the snapshot"])
        #expect(report.seeds.last == SeedUse(name: "the snapshot", files: 1, bytes: 903))
        #expect(place.log.packs == [])
        let remarks = report.advice.filter { $0.contains("the lost snapshot") }
        #expect(remarks.count == 1 && remarks[0].contains("No such file"), "\(report.advice)")
        try await place.fixture.expectSame("out")
    }

    @Test func `a seed fills a new directory`() async throws {
        let place = try await Place(isCopied: false)
        let report = try await place.restore(seeds: [RestoreSeed(place.fixture.source.path, "the snapshot")])
        #expect(place.log.packs == [] && report.reusedFiles == 22)
        try await place.fixture.expectSame("out")
    }

    @Test func `holes stay holes`() async throws {
        let place = try await Place(isCopied: false)
        try await place.run(
            "truncate -s 8M source/sparse; printf X | dd of=source/sparse bs=1 seek=4M conv=notrunc status=none")
        let next = try await place.fixture.backup(place.repository).set
        try await place.copy(to: "out")
        let report = try await place.fixture.restore(place.repository, set: next, to: "out", replace: true)
        #expect(report.fetched == 0)
        try await place.fixture.expectSame("out")
        var status = stat()
        #expect(stat(place.out.appending(path: "sparse").path, &status) == 0 && status.st_blocks * 512 < 1 << 20)
    }

    /// A tree that fails to be restored has no file with other content than that of the backup.
    @Test func `rejected content does not stay in the staged tree`() async throws {
        let place = try await Place()
        try await place.run("printf X | dd of=out/large bs=1 seek=400 conv=notrunc status=none")
        for key in try place.fixture.objects() where key.text.contains("/packs/") && key.text.hasSuffix(".tar.gz") {
            try FileManager.default.removeItem(at: place.fixture.file(of: key))
        }
        let failure = await #expect(throws: RestoreFailure.self) { _ = try await place.restore() }
        #expect(failure?.damage.map(\.path) == ["large"])
        let staging = URL(filePath: try #require(failure?.staging))
        #expect(!FileManager.default.fileExists(atPath: staging.appending(path: "large").path))
        #expect(FileManager.default.fileExists(atPath: staging.appending(path: "many/0").path))
    }

    @Test func `a medium that fails is reported once, and is not read any more`() async throws {
        let place = try await Place()
        let tree = try StagedTree(place.fixture.folder.url.appending(path: "staged").path, owner: .recorded)
        let content = Fixture.noise(900, seed: 1)
        let record = FileRecord(
            path: Array("0".utf8), kind: .file, size: 900, mode: 0o644, uid: geteuid(), gid: getegid(),
            modified: FileTime(nanoseconds: 0), inode: 1)
        let seeds = OpenSeeds([RestoreSeed(place.out.appending(path: "many").path, "the target")])
        for _ in 1..<OpenSeeds.mostFailures { seeds.note(EIO, of: record, in: 0) }
        #expect(try seeds.fill(record, Digest(of: content), in: tree))
        seeds.note(ENOENT, of: record, in: 0)
        seeds.note(EIO, of: record, in: 0)
        #expect(try !seeds.fill(record, Digest(of: content), in: tree))
        #expect(seeds.remarks.count == 1)
        #expect(seeds.remarks.first?.hasPrefix("8 files of the target could not be read, such as '0'") == true)
    }

    @Test func `an error of the other file is not one of the new file`() async throws {
        let place = try await Place()
        let tree = try StagedTree(place.fixture.folder.url.appending(path: "staged").path, owner: .recorded)
        let record = FileRecord(
            path: Array("0".utf8), kind: .file, size: 900, mode: 0o644, uid: geteuid(), gid: getegid(),
            modified: FileTime(nanoseconds: 0), inode: 1)
        let folder = open(place.out.path, O_RDONLY | O_DIRECTORY)
        defer { close(folder) }
        var file = try tree.create(record)
        #expect(try file.fill(from: folder, Digest(of: [])) == .unreadable(EISDIR))
    }

    // MARK: Random damage

    private struct Chance: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    /// A line of shell that damages a tree.
    private func damage(_ tree: String, _ chance: inout Chance) -> String {
        let files = (0..<20).map { "many/\($0)" } + ["large", "text/words", "empty"]
        let file = "\(tree)/\(files.randomElement(using: &chance) ?? "large")"
        let other = "\(tree)/\(files.randomElement(using: &chance) ?? "large")"
        let offset = Int.random(in: 0..<900, using: &chance)
        return [
            "printf X | dd of=\(file) bs=1 seek=\(offset) conv=notrunc status=none",
            "head -c \(offset) /dev/urandom > \(file)", "rm -f \(file)", "truncate -s \(offset) \(file)",
            "cp \(file) \(tree)/t && mv \(other) \(file) && mv \(tree)/t \(other)", "rm \(file); ln -s large \(file)",
            "rm \(file); mkfifo \(file)", "rm \(file); mkdir \(file)", "rm -rf \(tree)/many",
            "mv \(tree)/text \(tree)/words; ln -s words \(tree)/text", "echo more >> \(file)", "chmod 0 \(file)",
            "touch -d 2001-01-01 \(file)", "rm -r \(tree)/text; ln -s / \(tree)/text",
        ].randomElement(using: &chance) ?? ""
    }

    @Test(arguments: 1...24) func `a restore is exact, whatever is damaged in its seeds`(seed: UInt64) async throws {
        var chance = Chance(state: seed &* 0x9E37_79B9_7F4A_7C15)
        let place = try await Place()
        try await place.copy(to: "snapshot")
        var lines: [String] = []
        for tree in ["out", "snapshot"] {
            for _ in 0..<Int.random(in: 0...12, using: &chance) { lines.append(damage(tree, &chance)) }
        }
        // A later line may not apply any more.
        try await place.run("(\(lines.map { "(\($0)) 2>&1 </dev/null || true" }.joined(separator: "\n"))\n) > log")
        let report = try await place.restore(seeds: [
            RestoreSeed(place.fixture.folder.url.appending(path: "snapshot").path, "the snapshot")
        ])
        #expect(report.files == 23)
        try await place.fixture.expectSame("out")
    }
}
