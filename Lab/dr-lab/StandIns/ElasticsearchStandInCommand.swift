import ArgumentParser
import Foundation
import Lab

struct ElasticsearchStandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "elasticsearch",
        abstract: "Stand in for Elasticsearch or OpenSearch: indices, templates, snapshots.",
        discussion: """
            Create indices and documents with its API (PUT /INDEX, POST /INDEX/_doc), or with --jaeger. Stand-ins with the \
            same --repository share their snapshots, like clusters that share a bucket.
            """)

    @Option(name: .long, help: "Port (default: a free one).")
    var port: UInt16?

    @Option(name: .long, help: "Directory that stores all snapshot repositories.")
    var repository: String?

    @Flag(name: .long, help: "Stand in for OpenSearch.")
    var opensearch = false

    @Option(name: .long, help: "Version to report (default: 8.11.3, or 2.11.0 for OpenSearch).")
    var serverVersion: String?

    @Option(name: .long, help: "Directory that repositories of type 'fs' may use.")
    var pathRepo = "/mnt/backups"

    @Flag(name: .long, help: "Start with Jaeger's indices, templates and policy (default: an empty cluster).")
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
