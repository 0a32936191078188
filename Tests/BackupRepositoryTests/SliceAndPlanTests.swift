import Foundation
import Lab
import ObjectStorage
import Testing

@testable import BackupRepository

/// Restores of a part, previews, and the withheld values in the manifest.
@Suite struct SliceAndPlanTests {
    /// Files are `<tenant>/<milliseconds>`.
    private struct TenantRestorer: ComponentRestorer {
        static let kind = "files"
        var inTheWay: [String] = []
        func examine(restored tree: String) async throws -> [Damage] { [] }
        func advice(restored tree: String, target: String) async -> [String] { [] }
        func obstacles(to target: String) async -> [String] { inTheWay }
        func isWanted(_ path: String, in slice: RestoreSlice) -> Bool {
            let parts = path.split(separator: "/").map(String.init)
            guard parts.count == 2, let time = Int(parts[1]) else { return false }
            return slice.contains(tenant: parts[0]) && slice.times.contains(time)
        }
    }

    private func prepared() async throws -> (Fixture, Repository, BackupSet) {
        let fixture = try Fixture()
        for tenant in ["ada", "bob"] {
            for time in [100, 200, 300] { try fixture.write("\(tenant)/\(time)", "\(tenant) at \(time)") }
        }
        try fixture.write("ada/large/x", Fixture.noise(300_000, seed: 1))
        let repository = try fixture.repository()
        return (fixture, repository, try await fixture.backup(repository).set)
    }

    private func restore(
        _ set: BackupSet, of repository: Repository, in fixture: Fixture, slice: RestoreSlice? = nil,
        paths: [String] = [], replace: Bool = false, inTheWay: [String] = []
    ) throws -> ComponentRestore {
        let target = try RestoreTarget(
            fixture.folder.url.appending(path: "out").path, identity: "x", stamp: "now", replace: replace)
        var restore = ComponentRestore(
            repository: repository, manifest: try repository.manifest("tree", of: set), target: target,
            pool: Fixture.pool, progress: WorkProgress())
        restore.restorer = TenantRestorer(inTheWay: inTheWay)
        restore.slice = slice
        restore.paths = paths
        return restore
    }

    @Test(arguments: [
        (RestoreSlice(tenants: ["ada"]), ["ada", "ada/100", "ada/200", "ada/300"]),
        (RestoreSlice(times: 150...300), ["ada", "ada/200", "ada/300", "bob", "bob/200", "bob/300"]),
        (RestoreSlice(tenants: ["bob"], times: 100...100), ["bob", "bob/100"]),
    ]) func `restore writes only files that belong to the slice`(slice: RestoreSlice, expected: [String]) async throws {
        let (fixture, repository, set) = try await prepared()
        let restore = try restore(set, of: repository, in: fixture, slice: slice)
        let files = expected.filter { $0.contains("/") }
        #expect(try await restore.plan().files == files.count)
        let report = try await restore.run()
        #expect(report.files == files.count && report.fetched < 100_000, "the large file is not fetched")
        let out = fixture.folder.url.appending(path: "out")
        #expect(try FileManager.default.subpathsOfDirectory(atPath: out.path).sorted() == expected)
        for file in files {
            let text = try String(contentsOf: out.appending(path: file), encoding: .utf8)
            #expect(text == file.replacing("/", with: " at "))
        }
    }

    @Test(arguments: [RestoreSlice(tenants: ["eve"]), RestoreSlice(times: 101...199)])
    func `a slice of nothing is an error`(slice: RestoreSlice) async throws {
        let (fixture, repository, set) = try await prepared()
        let restore = try restore(set, of: repository, in: fixture, slice: slice)
        let error = await #expect(throws: RepositoryError.self) { try await restore.run() }
        #expect(error?.reason == .noSuchPath && error?.hint?.contains("dr show") == true)
        #expect(!FileManager.default.fileExists(atPath: fixture.folder.url.appending(path: "out").path))
    }

    @Test func `a slice holds its ends`() {
        #expect(RestoreSlice().contains(tenant: "anyone") && RestoreSlice().times.contains(Int.min))
        #expect(
            RestoreSlice(tenants: ["a"]).contains(tenant: "a") && !RestoreSlice(tenants: ["a"]).contains(tenant: "b"))
    }

    @Test func `a plan writes nothing and fetches no content`() async throws {
        let (fixture, repository, set) = try await prepared()
        // A plan does not need the packs: the indexes are enough.
        for key in try fixture.objects() where key.text.hasSuffix(".tar.gz") {
            try FileManager.default.removeItem(at: fixture.file(of: key))
        }
        let before = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).sorted()
        let plan = try await restore(set, of: repository, in: fixture).plan()
        #expect(plan.files == 7 && plan.bytes == 300_000 + 6 * "ada at 100".utf8.count)
        #expect(plan.target == fixture.folder.url.appending(path: "out").path && !plan.replaces)
        #expect(try await restore(set, of: repository, in: fixture, paths: ["bob"]).plan().files == 3)
        let unknown = try restore(set, of: repository, in: fixture, paths: ["eve"])
        await #expect(throws: RepositoryError.self) { try await unknown.plan() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).sorted() == before)
    }

    @Test func `a restore plan lists existing files and other obstacles`() async throws {
        let (fixture, repository, set) = try await prepared()
        let out = fixture.folder.url.appending(path: "out")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: out.appending(path: "mine"))
        #expect(throws: RepositoryError.self) { try restore(set, of: repository, in: fixture) }
        let plan = try await restore(set, of: repository, in: fixture, replace: true, inTheWay: ["a server runs"])
            .plan()
        #expect(plan.replaces && plan.obstacles == ["a server runs"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: out.path) == ["mine"])
    }

    // MARK: Withheld

    @Test func `the manifest records withheld secrets`() async throws {
        let fixture = try Fixture()
        try fixture.write("datasource.json", "{}")
        var source = StubSource(root: fixture.source.path)
        source.withheld = [Withheld(path: "datasource.json", object: "data source 'Loki'", secrets: ["loki", "tls"])]
        let repository = try fixture.repository()
        let report = try await fixture.backup(repository, source: source)
        #expect(report.set.status == .complete)
        let manifest = try repository.manifest("tree", of: report.set)
        #expect(manifest.withheld == source.withheld)
        // The withheld values of an unchanged component are still recorded.
        source.withheld = []
        let next = try await fixture.backup(repository, source: source)
        #expect(try repository.manifest("tree", of: next.set).withheld == nil)
        #expect(next.set.components["tree"]?.added.files == 0)
        let key = Layout.manifest("tree", next.set.components["tree"]?.manifest ?? Timestamp(seconds: 0))
        let text = String(decoding: try repository.store.read(key), as: UTF8.self)
        #expect(!text.contains("withheld"), "absent, as in manifests of early versions")
    }
}
