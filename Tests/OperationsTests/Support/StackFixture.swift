import BackupRepository
import Components
import FileTree
import Foundation
import Git
import Grafana
import Lab
import ObjectStorage
import Operations
import Platform
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
    ///   - store: more keys of `store:`.
    ///   - extra: more lines of `dr.yaml`.
    ///   - pack: the limits of packs.
    init(
        components: [String] = [], store more: String = "", extra: String = "", pack: PackSettings = .standard
    ) async throws {
        folder = try TemporaryFolder("operations")
        let data = folder.url.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let lines = ["tree: {kind: files, data: \(data.path)}"] + components
        let text = """
            store: {url: "file://\(folder.path)/repository"\(more.isEmpty ? "" : ", \(more)")}
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
        _ = try Repository.create(in: store, tool: Release.tool, now: session.now(), pack: pack)
    }

    func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: data.appending(path: path))
    }

    func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: data.appending(path: path)), as: UTF8.self)
    }

    /// Changes a byte in the middle of an object of the repository.
    func damage(_ key: String) throws {
        let file = folder.url.appending(path: "repository/\(key)")
        var content = try Data(contentsOf: file)
        content[content.count / 2] ^= 1
        try FileManager.default.removeItem(at: file)
        try content.write(to: file)
    }

    /// The keys of the repository's objects, sorted.
    func keys() throws -> [String] {
        var keys: [String] = []
        let store = try StoreFactory.make(session.configuration.store, logger: session.logger)
        try store.enumerate(prefix: "", skipping: nil) { keys.append($0.key.text) }
        return keys.sorted()
    }

    /// Backs up the folder of files.
    /// - Parameter offset: seconds from now at which the backup seems to be made.
    @discardableResult
    func backUp(at offset: Int = 0) async throws -> BackupSet {
        var session = session
        session.clock = WallClock { Date().addingTimeInterval(Double(offset)) }
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
