internal import Synchronization

/// A stand-in for an Elasticsearch or OpenSearch cluster, limited to snapshots of Jaeger's indices: indices with
/// document counts, aliases, templates, policies, repositories, and snapshots that take time.
package final class ElasticsearchStandIn: Sendable {
    package let server: StandInServer
    package let shelf: SnapshotShelf
    private let cluster: SharedCluster

    package var url: String { server.url }

    /// - Parameters:
    ///   - port: the port; nil for a free one.
    ///   - shelf: the storage of the snapshot repositories; a private one by default.
    ///   - contract: `fixtures/contracts/elasticsearch.json`.
    package init(
        _ options: ElasticsearchStandInOptions = ElasticsearchStandInOptions(), port: UInt16? = nil,
        shelf: SnapshotShelf? = nil,
        contract: APIContract? = nil
    ) async throws {
        let shelf = try shelf ?? SnapshotShelf()
        let cluster = SharedCluster(ElasticsearchCluster(options, shelf: shelf))
        self.shelf = shelf
        self.cluster = cluster
        server = try await StandInServer("elasticsearch", port: port, contract: contract) { request in
            cluster.state.withLock { $0.answer(request) }
        }
    }

    private final class SharedCluster: Sendable {
        let state: Mutex<ElasticsearchCluster>
        init(_ cluster: ElasticsearchCluster) { state = Mutex(cluster) }
    }

    /// Reads or changes the state of the cluster directly.
    @discardableResult
    package func with<Value: Sendable>(_ body: @Sendable (inout ElasticsearchCluster) -> Value) -> Value {
        cluster.state.withLock { body(&$0) }
    }
}

/// The options of a stand-in.
package struct ElasticsearchStandInOptions: Sendable {
    package var isOpenSearch = false
    package var version = "8.11.3"
    package var clusterName = "jaeger-storage"
    package var dataNodes = 1
    /// Directories that repositories of type `fs` may use.
    package var pathRepo = ["/mnt/backups"]
    package var s3Clients: Set = ["default"]
    /// The credentials that each request needs; nil for none.
    package var user: (name: String, password: String)?
    package var apiKey: String?
    /// Actions that are denied, such as "cluster:admin/snapshot/create".
    package var denied: Set<String> = []
    /// The number of polls until a snapshot is finished or an index is restored.
    package var polls = 2
    /// True to group snapshot responses by repository, as some releases do.
    package var answersByRepository = false

    package init() {}

    package static func opensearch(_ version: String) -> ElasticsearchStandInOptions {
        var options = ElasticsearchStandInOptions()
        options.isOpenSearch = true
        options.version = version
        return options
    }

    package static func elasticsearch(_ version: String) -> ElasticsearchStandInOptions {
        var options = ElasticsearchStandInOptions()
        options.version = version
        return options
    }
}
