import Documents
import Foundation
import Lab

/// A stand-in for Jaeger's Elasticsearch. Its snapshots are stored outside the cluster and survive it.
final class DemoJaeger: DemoComponent {
    let name = "jaeger"
    let about =
        "Jaeger's Elasticsearch 8, a stand-in: spans, services, aliases, templates; snapshots outside the cluster"
    /// The storage of the snapshots, which all clusters share like a bucket.
    private let storage: URL
    private let shelf: SnapshotShelf
    private let port: UInt16
    private var cluster: ElasticsearchStandIn

    init(in folder: URL) async throws {
        storage = folder.appending(path: "snapshots")
        shelf = try SnapshotShelf(directory: storage)
        cluster = try await ElasticsearchStandIn(shelf: shelf)
        port = cluster.server.port
        let now = Int(Date().timeIntervalSince1970 * 1000)
        cluster.with { $0.addJaeger(newest: now - 30_000) }
    }

    var settings: String {
        "{kind: elasticsearch, url: \"\(cluster.url)\", indices: \"jaeger-*\", repository: "
            + "{type: fs, location: /mnt/backups/jaeger}}"
    }

    func answers(watermark: Int?) async throws -> [String: String] {
        let questions = HTTPQuestions(url: cluster.url)
        let indices = try await questions.get("/_cat/indices/jaeger-*?format=json&bytes=b&h=index").array ?? []
        let counts = indices.compactMap { $0["index"]?.text }.sorted().map { "/\($0)/_count" }
        return try await questions.answers(
            counts + ["/_index_template/jaeger-span", "/_template/jaeger-service", "/_alias/jaeger-span-read"],
            without: ["_shards"])
    }

    func destroy() async throws { await cluster.server.stop() }

    func start() async throws { cluster = try await ElasticsearchStandIn(port: port, shelf: shelf) }

    func drillServer(_ lab: String) -> String? {
        "{run: [\"\(lab)\", stand-in, elasticsearch, --port, \"${port}\", --repository, \"\(storage.path)\"]}"
    }

    func stop() async { await cluster.server.stop() }
}
