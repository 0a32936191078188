import BackupRepository
import Foundation
import Lab
import Logging
import Testing

@testable import Git

/// Captures of real repositories, with the real git.
@Suite struct GitSourceTests {
    /// The names and commits that git lists for the bundle.
    private func heads(_ fixture: GitFixture) async throws -> [String: String] {
        let listing = try await fixture.git("bundle", "list-heads", "\(fixture.state)/documents/repository.bundle")
        let pairs = listing.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        return Dictionary(pairs.map { ($0[1], $0[0]) }) { $1 }
    }

    @Test func theBundleHoldsTheBranchItsTagsAndItsWholeHistory() async throws {
        let fixture = try await GitFixture(commits: 3)
        try await fixture.git("tag", "--annotate", "-m", "one", "v1", "HEAD~1")
        try await fixture.git("checkout", "--quiet", "-b", "other")
        try await fixture.commit("other", "not wanted")
        try await fixture.git("tag", "other-tag")
        try await fixture.git("checkout", "--quiet", "main")
        let commit = try await fixture.git("rev-parse", "HEAD")
        let (capture, tree) = try await fixture.capture()
        #expect(tree.keys.sorted() == ["refs.json", "repository.bundle"])
        let heads = try await heads(fixture)
        #expect(heads.keys.sorted() == ["HEAD", "refs/heads/main", "refs/tags/v1"] && heads["HEAD"] == commit)
        let record = try RepositoryRecord.read(in: "\(fixture.state)/documents")
        #expect(record.branch == "main" && record.commit == commit && record.commits == 3 && record.replaced == nil)
        #expect(record.authorTime == "2026-01-02T03:04:05Z" && record.commitTime == "2026-01-02T03:04:06Z")
        #expect(record.subject == "change file 2" && record.url == fixture.origin)
        #expect(capture.facts["commit"] == commit && capture.watermark == nil && capture.warnings.isEmpty)
        let clone = "\(fixture.folder.path)/clone"
        try await fixture.git("clone", "--quiet", "\(fixture.state)/documents/repository.bundle", clone)
        #expect(try await fixture.git("rev-list", "--count", "HEAD", in: clone) == "3")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.state).allSatisfy { !$0.contains("work") })
    }

    /// For a path, data are copied into the bundle only; for a remote, only new objects are fetched.
    @Test(arguments: [false, true]) func whatDidNotMoveStaysTheVerySameFile(isRemote: Bool) async throws {
        let fixture = try await GitFixture()
        let url = isRemote ? "file://\(fixture.origin)" : fixture.origin
        let first = try await fixture.capture(url)
        let second = try await fixture.capture(url)
        #expect(first.tree == second.tree)
        let commit = try await fixture.commit("new", "new")
        let third = try await fixture.capture(url)
        #expect(third.capture.record.commit == commit && third.capture.warnings.isEmpty)
        #expect(third.tree["repository.bundle"] != first.tree["repository.bundle"])
        let objects = try FileManager.default.subpathsOfDirectory(atPath: "\(fixture.state)/mirror.git/objects")
            .filter { $0.hasSuffix(".pack") || $0.split(separator: "/").last?.count == 38 }
        #expect(objects.isEmpty == !isRemote)
        // A tag alone is a change too.
        try await fixture.git("tag", "release")
        #expect(try await fixture.capture(url).capture.record.refs["refs/tags/release"] == commit)
        try await fixture.git("tag", "--delete", "release")
        #expect(try await fixture.capture(url).capture.record.refs.count == 1)
    }

    @Test(arguments: [false, true]) func aForcePushIsBackedUpAndNamed(isRemote: Bool) async throws {
        let fixture = try await GitFixture(commits: 3)
        let url = isRemote ? "file://\(fixture.origin)" : fixture.origin
        let old = try await fixture.capture(url).capture.record.commit
        try await fixture.git("reset", "--quiet", "--hard", "HEAD~1")
        let new = try await fixture.commit("instead", "rewritten")
        let capture = try await fixture.capture(url).capture
        #expect(capture.record.commit == new && capture.record.replaced == old && capture.facts["replaced"] == old)
        let warning = try #require(capture.warnings.first)
        #expect(
            warning.contains("force-pushed") && warning.contains(old.prefix(12)) && warning.contains(new.prefix(12)))
        // Reported once; recorded as long as the branch stays there, so that the file does not change.
        let again = try await fixture.capture(url).capture
        #expect(again.warnings.isEmpty && again.record == capture.record)
        try await fixture.commit("more", "more")
        #expect(try await fixture.capture(url).capture.record.replaced == nil)
    }

    @Test(arguments: ["feature/ü#1", "a.b", "x@y", "HEADS/main", "'quoted'"])
    func oddBranchNamesAreNamesLikeAnyOther(name: String) async throws {
        let fixture = try await GitFixture()
        try await fixture.git("checkout", "--quiet", "-b", name)
        let commit = try await fixture.commit("odd", name)
        try await fixture.git("checkout", "--quiet", "main")
        #expect(try await fixture.capture("file://\(fixture.origin)", branch: name).capture.record.commit == commit)
        let objects = try await fixture.restore(to: "out")
        #expect(objects.map(\.outcome) == [.create], "\(objects)")
        #expect(try await fixture.git("symbolic-ref", "HEAD", in: "\(fixture.folder.path)/out") == "refs/heads/\(name)")
    }

    @Test func whatCannotBeBackedUpIsExplained() async throws {
        let fixture = try await GitFixture()
        let place = fixture.folder.path
        let missing = await fixture.failure(branch: "master")
        #expect(missing?.reason == .misconfigured && missing?.detail.contains("it has: 'main'") == true)

        try await fixture.git("init", "--quiet", "\(place)/empty")
        #expect(await fixture.failure("\(place)/empty")?.detail.contains("is empty") == true)

        // A folder inside of a repository is not a repository, even though git would find one above it.
        try FileManager.default.createDirectory(atPath: "\(fixture.origin)/inside", withIntermediateDirectories: true)
        for url in ["\(fixture.origin)/inside", "\(place)/nowhere", "file://\(place)/nowhere"] {
            let error = await fixture.failure(url)
            #expect(error?.reason == .misconfigured && error?.hint?.contains("url:") == true, "\(url)")
        }
        #expect(await fixture.failure("http://127.0.0.1:1/x.git")?.reason == .unreachable)
        #expect(await fixture.failure("ext::sh -c id")?.reason == .misconfigured)

        try await fixture.git("checkout", "--quiet", "--detach")
        #expect(await fixture.failure()?.detail.contains("a commit and not a branch") == true)
        #expect(try await fixture.capture(branch: "main").capture.record.branch == "main")
    }

    @Test(arguments: [false, true]) func aShallowCloneIsRefused(isRemote: Bool) async throws {
        let fixture = try await GitFixture(commits: 3)
        let shallow = "\(fixture.folder.path)/shallow"
        try await fixture.git("clone", "--quiet", "--depth", "1", "file://\(fixture.origin)", shallow)
        let url = isRemote ? "file://\(shallow)" : shallow
        let error = await fixture.failure(url)
        #expect(error?.detail.contains("shallow") == true && error?.hint?.contains("--unshallow") == true)
        try await fixture.git("fetch", "--quiet", "--unshallow", in: shallow)
        #expect(try await fixture.capture(url).capture.record.commits == 3)
    }

    @Test func contentThatIsElsewhereIsSaid() async throws {
        let fixture = try await GitFixture()
        let commit = try await fixture.git("rev-parse", "HEAD")
        try await fixture.git("update-index", "--add", "--cacheinfo", "160000,\(commit),vendor/grafana")
        try FileManager.default.createDirectory(atPath: "\(fixture.origin)/deep", withIntermediateDirectories: true)
        try Data("*.bin filter=lfs diff=lfs -text\n".utf8).write(
            to: URL(filePath: "\(fixture.origin)/deep/.gitattributes"))
        try await fixture.git("add", "deep")
        try await fixture.git("commit", "--quiet", "--message", "elsewhere")
        let warnings = try await fixture.capture().capture.warnings
        #expect(warnings.count == 2)
        #expect(warnings.contains { $0.contains("'vendor/grafana'") } && warnings.contains { $0.contains("Git LFS") })
    }

    /// Locks of a killed run, a damaged pack: the mirror is a cache.
    @Test func aBrokenMirrorIsMadeAnew() async throws {
        let fixture = try await GitFixture()
        let url = "file://\(fixture.origin)"
        try await fixture.capture(url)
        let mirror = "\(fixture.state)/mirror.git"
        let commit = try await fixture.commit("next", "next")
        try Data().write(to: URL(filePath: "\(mirror)/refs/heads/main.lock"))
        #expect(try await fixture.capture(url).capture.record.commit == commit)
        try FileManager.default.removeItem(atPath: "\(mirror)/objects")
        #expect(try await fixture.capture(url).capture.record.commit == commit)
    }

    @Test func aRunBesideAnotherServesItself() async throws {
        let fixture = try await GitFixture()
        let context = CaptureContext(run: "one", state: fixture.state, logger: .init(label: "test"))
        let source = GitSource(url: "file://\(fixture.origin)", pool: GitFixture.pool)
        let first = try await source.capture(context)
        let (second, tree) = try await fixture.capture("file://\(fixture.origin)")
        #expect(first.root != second.root && tree.count == 2)
        try await first.release()
        try await first.release()
    }

    @Test func aDamagedRepositoryIsNotBackedUpAsIfItWereWhole() async throws {
        let fixture = try await GitFixture(commits: 1)
        let blob = try await fixture.git("rev-parse", "HEAD:file 0")
        let file = "\(fixture.origin)/.git/objects/\(blob.prefix(2))/\(blob.dropFirst(2))"
        try FileManager.default.removeItem(atPath: file)
        let error = await fixture.failure()
        #expect(error?.reason == .damaged, "\(String(describing: error))")
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.state)/documents/repository.bundle"))
    }

    @Test func aBundleThatIsNotWholeIsFound() async throws {
        let fixture = try await GitFixture(commits: 3)
        let record = try await fixture.capture().capture.record
        let file = URL(filePath: "\(fixture.folder.path)/bundle")
        let whole = try Data(contentsOf: URL(filePath: "\(fixture.state)/documents/repository.bundle"))
        let scratch = "\(fixture.folder.path)/scratch"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        let git = try GitProgram(scratch: scratch)
        try whole.write(to: file)
        #expect(try BundleProof.prove(file.path, of: record, with: git).isEmpty)
        var flipped = whole
        flipped[whole.count - 40] ^= 1
        for bad in [flipped, whole.prefix(whole.count - 1), Data("nothing".utf8)] {
            try bad.write(to: file)
            let error = #expect(throws: ComponentError.self) { try BundleProof.prove(file.path, of: record, with: git) }
            #expect(error?.reason == .damaged)
        }
    }

    /// The commands that a repository's own configuration names must not run when it is read.
    @Test func nothingThatTheRepositoryNamesIsRun() async throws {
        let fixture = try await GitFixture()
        let trap = "touch '\(fixture.folder.path)/sprung'"
        for key in ["core.fsmonitor", "core.sshCommand", "core.pager", "gpg.program", "uploadpack.packObjectsHook"] {
            try await fixture.git("config", key, trap)
        }
        try await fixture.git("config", "log.showSignature", "true")
        try await fixture.capture()
        try await fixture.commit("next", "next")
        try await fixture.capture("file://\(fixture.origin)")
        // The fixture's own commands may have triggered it: only the captures count.
        try? FileManager.default.removeItem(atPath: "\(fixture.folder.path)/sprung")
        try await fixture.capture()
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.folder.path)/sprung"))
    }

    @Test func doctorSaysWhatIsThere() async throws {
        let fixture = try await GitFixture()
        let good = await GitSource(url: fixture.origin, pool: GitFixture.pool).diagnose()
        #expect(good.map(\.verdict) == [.ok, .ok] && good.last?.detail.contains("branch 'main'") == true)
        let bad = await GitSource(url: fixture.origin, branch: "x", pool: GitFixture.pool).diagnose()
        #expect(bad.map(\.verdict) == [.ok, .failed])
        var none = GitSource(url: fixture.origin, pool: GitFixture.pool)
        none.program = "/nowhere/git"
        #expect(await none.diagnose().map(\.verdict) == [.failed])
    }
}
