import ArgumentParser
import Foundation
import Lab

struct ElasticsearchStandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "elasticsearch",
        abstract: "Stand in for Elasticsearch or OpenSearch: indices, templates, snapshots.",
        discussion: """
            Indices and documents come by its API (PUT /INDEX, POST /INDEX/_doc), or with --jaeger. Stand-ins that \
            share a --repository see each other's snapshots, as clusters that share a bucket do.
            """)

    @Option(name: .long, help: "The port; a free one by default.")
    var port: UInt16?

    @Option(name: .long, help: "The directory that stands for the storage of all its snapshot repositories.")
    var repository: String?

    @Flag(name: .long, help: "Stand in for OpenSearch.")
    var opensearch = false

    @Option(name: .long, help: "The version to answer with; 8.11.3, or 2.11.0 for OpenSearch, by default.")
    var serverVersion: String?

    @Option(name: .long, help: "A directory that repositories of type 'fs' may be in.")
    var pathRepo = "/mnt/backups"

    @Flag(name: .long, help: "Begin with Jaeger's indices, templates and policy; without it the cluster is empty.")
    var jaeger = false

    func run() async throws {
        var options = ElasticsearchStandInOptions()
        options.isOpenSearch = opensearch
        options.version = serverVersion ?? (opensearch ? "2.11.0" : "8.11.3")
        options.pathRepo = [pathRepo]
        let shelf = try SnapshotShelf(directory: repository.map { URL(filePath: $0) })
        let standIn = try await ElasticsearchStandIn(options, port: port, shelf: shelf)
        if jaeger {
            let now = Int(Date().timeIntervalSince1970 * 1000)
            standIn.with { $0.addJaeger(newest: now) }
        }
        print("ELASTICSEARCH_URL=\(standIn.url)")
        fflush(nil)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
