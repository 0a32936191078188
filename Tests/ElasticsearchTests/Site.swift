import Documents
import Foundation
import HTTP
import Lab
import Logging
import Platform
import Synchronization
import Testing

@testable import BackupRepository
@testable import Elasticsearch

/// A stand-in's cluster with Jaeger's indices, and a place for a component's state.
final class Site: Sendable {
    let folder: TemporaryFolder
    let cluster: ElasticsearchStandIn
    let pool = BlockingPool(threads: 4)
    var state: String { folder.path }

    /// 2025-11-24T02:46:40Z.
    static let now = 1_763_952_400_000

    /// - Parameters:
    ///   - shelf: of another site, to share its repositories.
    ///   - isEmpty: without Jaeger's indices.
    init(
        _ options: ElasticsearchStandInOptions = ElasticsearchStandInOptions(), shelf: SnapshotShelf? = nil,
        isEmpty: Bool = false
    ) async throws {
        folder = try TemporaryFolder("elasticsearch")
        cluster = try await ElasticsearchStandIn(options, shelf: shelf, contract: try Self.contract())
        if !isEmpty { cluster.with { $0.addJaeger() } }
    }

    static func contract() throws -> APIContract {
        return try APIContract(contentsOf: Checkout.url("fixtures/contracts/elasticsearch.json"))
    }

    static let directory = SnapshotRepository("dr", .directory("/mnt/backups/jaeger"))

    func api(user: String? = nil, apiKey: String? = nil) -> ElasticsearchAPI {
        var options = HTTPOptions()
        if let user { options.authorization = .basic(user: user, password: "secret") }
        return ElasticsearchAPI(
            url: cluster.url, client: HTTPClient(options), apiKey: apiKey,
            retries: RetryPolicy(attempts: 3, base: .milliseconds(10)), pool: pool)
    }

    func source(
        _ repository: SnapshotRepository = Site.directory, indices: String = "jaeger-*",
        patience: Duration = Patience.long, api: ElasticsearchAPI? = nil
    ) -> ElasticsearchSource {
        ElasticsearchSource(
            api: api ?? self.api(), repository: repository, indices: indices, patience: patience, pool: pool,
            now: { Self.now })
    }

    func context(run: String = "0123456789abcdef0123456789abcdef") -> CaptureContext {
        CaptureContext(run: run, state: state, logger: Logger(label: "test"))
    }

    /// A backup: the capture and its tree, which exists as long as this site.
    func backup(_ source: ElasticsearchSource? = nil, run: String = "0123456789abcdef0123456789abcdef") async throws
        -> Backup
    {
        let capture = try await (source ?? self.source()).capture(context(run: run))
        let damage = try await capture.examine([])
        try await capture.release()
        return Backup(
            site: self, tree: capture.root, facts: capture.facts, watermark: capture.watermark,
            warnings: capture.warnings,
            damage: damage)
    }

    /// Restores a backup into this site's cluster.
    func restore(
        _ backup: Backup, dryRun: Bool = false, replaces: Bool = false, prefix: String? = nil,
        patience: Duration = Patience.long, repository: SnapshotRepository = Site.directory
    ) async throws -> [String: ImportedObject] {
        let manifest = Manifest(
            format: 1, component: "jaeger", source: "elasticsearch", name: Timestamp(seconds: 0),
            captured: Timestamp(seconds: 0), facts: backup.facts,
            totals: .init(files: 0, directories: 0, links: 0, bytes: 0), damage: [], packs: [])
        var request = ImportRequest(
            tree: backup.tree, manifest: manifest, progress: WorkProgress(), logger: Logger(label: "test"))
        request.isDryRun = dryRun
        request.replaces = replaces
        request.prefix = prefix
        let seen = Mutex([String: ImportedObject]())
        let importer = ElasticsearchImporter(
            api: api(), repository: repository, patience: patience, pool: pool)
        try await importer.run(request) { object in
            seen.withLock { $0["\(object.kind) \(object.name)"] = object }
        }
        return seen.withLock { $0 }
    }

    struct Backup: Sendable {
        /// Keeps the tree.
        let site: Site
        var tree: String
        var facts: [String: String]
        var watermark: Int?
        var warnings: [String]
        var damage: [Damage]

        func document(_ path: String) throws -> JSONValue {
            try JSONValue(parsing: [UInt8](try Data(contentsOf: URL(filePath: "\(tree)/\(path)"))))
        }
    }

    /// Snapshots in the default repository.
    var snapshots: SnapshotShelf.Snapshots { cluster.shelf.snapshots(at: "fs:/mnt/backups/jaeger") }

    var notes: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []).filter { $0.hasSuffix(".snapshot") }
    }

    /// Expects that neither side violated the contract.
    func expectNoViolations(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(cluster.server.violations == [], sourceLocation: sourceLocation)
    }

    func failure(_ body: () async throws -> Void) async -> ComponentError? {
        do {
            try await body()
        } catch let error as ComponentError {
            return error
        } catch { Issue.record("\(error)") }
        return nil
    }
}

/// Waits for the effect of another task.
func until(_ isSo: () -> Bool) async throws {
    try await Patience.wait(until: "the other task had its effect") { isSo() }
}

let dialects: [ElasticsearchStandInOptions] = [
    .elasticsearch("7.10.2"), .elasticsearch("7.17.9"), .elasticsearch("8.11.3"), .elasticsearch("9.2.0"),
    .opensearch("2.11.0"), .opensearch("3.1.0"),
]
