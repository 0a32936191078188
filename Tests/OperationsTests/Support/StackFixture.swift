import BackupRepository
import Components
import FileTree
import Foundation
import Git
import Grafana
import Lab
import Operations
import Prometheus
import StackConfiguration

/// A stack of one folder of files, its configuration and its repository, without the program.
struct StackFixture {
    static let kinds: [any ComponentKind.Type] = [
        FilesComponent.self, GitComponent.self, GrafanaComponent.self, PrometheusComponent.self,
    ]

    let folder: TemporaryFolder
    let session: Session

    var data: URL { folder.url.appending(path: "data") }

    /// - Parameters:
    ///   - components: more lines of `dr.yaml` below `components:`.
    ///   - extra: more lines of `dr.yaml`.
    init(components: [String] = [], extra: String = "") async throws {
        folder = try TemporaryFolder("operations")
        let data = folder.url.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let lines = ["tree: {kind: files, data: \(data.path)}"] + components
        let text = """
            store: {url: "file://\(folder.path)/repository"}
            state: \(folder.path)/state
            components:
            \(lines.map { "  \($0)" }.joined(separator: "\n"))
            \(extra)

            """
        let file = folder.url.appending(path: "dr.yaml")
        try Data(text.utf8).write(to: file)
        var options = OutputOptions()
        options.quiet = true
        session = try Session(options, configuration: file.path, kinds: Self.kinds)
        let store = try StoreFactory.make(session.configuration.store, create: true, logger: session.logger)
        _ = try Repository.create(in: store, tool: Release.tool, now: session.now())
    }

    func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: data.appending(path: path))
    }

    func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: data.appending(path: path)), as: UTF8.self)
    }

    /// Backs up the folder of files.
    @discardableResult
    func backUp() async throws -> BackupSet {
        var job = try BackupJob(session, Output(options: session.options), only: ["tree"])
        job.readsShare = false
        job.prunes = false
        return try await job.run().set
    }

    /// A restore of the folder of files, as another kind of component where one is given.
    func restore(of set: BackupSet, as kind: String = "files", settings name: String = "tree") async throws
        -> RestoreJob
    {
        let repository = try await session.repository()
        var manifest = try repository.manifest("tree", of: set)
        manifest.source = kind
        return RestoreJob(
            session: session, repository: repository, set: set, manifest: manifest,
            settings: session.configuration.component(named: name))
    }
}
