internal import Synchronization

/// A stand-in for an Elasticsearch or OpenSearch cluster, as far as snapshots of Jaeger's indices need one: indices that
/// hold a number of documents, aliases, templates, policies, repositories, snapshots that take their time.
package final class ElasticsearchStandIn: Sendable {
    package let server: StandInServer
    package let shelf: SnapshotShelf
    private let cluster: SharedCluster

    package var url: String { server.url }

    /// - Parameters:
    ///   - port: nil for a free one.
    ///   - shelf: what the cluster's repositories hold; its own when left out.
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

    /// Looks at the cluster, or does to it what no request does.
    @discardableResult
    package func with<Value: Sendable>(_ body: @Sendable (inout ElasticsearchCluster) -> Value) -> Value {
        cluster.state.withLock { body(&$0) }
    }
}

/// What a stand-in is to be like.
package struct ElasticsearchStandInOptions: Sendable {
    package var isOpenSearch = false
    package var version = "8.11.3"
    package var clusterName = "jaeger-storage"
    package var dataNodes = 1
    /// Directories that a repository of type `fs` may be in.
    package var pathRepo = ["/mnt/backups"]
    package var s3Clients: Set = ["default"]
    /// Every request needs them, where given.
    package var user: (name: String, password: String)?
    package var apiKey: String?
    /// Actions that the credentials' role lacks: "cluster:admin/snapshot/create".
    package var denied: Set<String> = []
    /// How often a snapshot is looked at before it is finished, and an index before it is restored.
    package var polls = 2
    /// Answers to "which snapshot" come by repository, as in some releases.
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
