import BackupRepository
import Foundation
import Lab
import Operations
import Testing

@Suite struct RestoreJobTests {
    private static let servers = [
        "dashboards: {kind: grafana, url: \"http://127.0.0.1:1\"}",
        "settings: {kind: git, url: /srv/settings.git}",
    ]

    /// The road of a kind, in words.
    private static func words(_ road: RestoreJob.Road?) -> String {
        switch road {
        case .files(let directory): "files to \(directory)"
        case .volume(let volume): "volume \(volume)"
        case .importer(_, let directory): "import into \(directory ?? "its server")"
        case nil: "none"
        }
    }

    @Test(arguments: [
        ("files", "tree", nil, false, "none"),
        ("files", "tree", "/restored", false, "files to /restored"),
        ("grafana", "dashboards", nil, false, "import into its server"),
        ("grafana", "dashboards", "/restored", false, "files to /restored"),
        ("git", "settings", nil, false, "none"),
        ("git", "settings", "/restored", false, "import into /restored"),
        ("git", "settings", "/restored", true, "files to /restored"),
        // Without settings no server is known; the documents are restored as files.
        ("grafana", "unconfigured", nil, false, "none"),
        ("grafana", "unconfigured", "/restored", false, "files to /restored"),
    ])
    func `the kind and the target decide the road`(
        _ kind: String, _ name: String, _ directory: String?, _ asFiles: Bool, _ road: String
    ) async throws {
        let fixture = try await StackFixture(components: Self.servers)
        try fixture.write("a", "1")
        let job = try await fixture.restore(of: try await fixture.backUp(), as: kind, settings: name)
        #expect(Self.words(try job.road(to: directory, asFiles: asFiles)) == road)
    }

    @Test func `a replaced directory is kept beside the restored one`() async throws {
        let fixture = try await StackFixture()
        try fixture.write("a", "as backed up")
        var job = try await fixture.restore(of: try await fixture.backUp())
        try fixture.write("a", "as changed since")
        job.replace = true
        let report = try await job.restoreFiles(to: fixture.data.path)
        #expect(try fixture.text("a") == "as backed up")
        let kept = try #require(report.kept)
        #expect(try String(contentsOfFile: "\(kept)/a", encoding: .utf8) == "as changed since")
        #expect(report.discarded == nil)
    }

    @Test func `a replaced directory is removed on request`() async throws {
        let fixture = try await StackFixture()
        try fixture.write("a", "as backed up")
        var job = try await fixture.restore(of: try await fixture.backUp())
        try fixture.write("a", "as changed since")
        job.replace = true
        job.discardsPrevious = true
        let report = try await job.restoreFiles(to: fixture.data.path)
        #expect(try fixture.text("a") == "as backed up")
        let discarded = try #require(report.discarded)
        #expect(!FileManager.default.fileExists(atPath: discarded))
        #expect(report.kept == nil)
    }

    @Test(arguments: ["repository", "state", "dr.yaml"])
    func `a restore never replaces the files that dr itself needs`(_ place: String) async throws {
        let fixture = try await StackFixture()
        try fixture.write("a", "1")
        var job = try await fixture.restore(of: try await fixture.backUp())
        job.replace = true
        let error = await #expect(throws: RepositoryError.self) {
            _ = try await job.restoreFiles(to: "\(fixture.folder.path)/\(place)")
        }
        #expect(error?.reason == .target)
        _ = try await fixture.session.repository()
    }
}
