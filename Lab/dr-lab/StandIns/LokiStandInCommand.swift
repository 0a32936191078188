import ArgumentParser
import Foundation
import Lab

struct LokiStandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loki", abstract: "Loki's HTTP API over a directory of chunks.")

    @Option(help: "Port (default: a free one).") var port: UInt16?
    @Option(help: "The server's common.path_prefix; created if it is missing.") var data: String
    @Flag(help: "Run without tenants, as with auth_enabled=false.") var singleTenant = false
    @Option(help: "Index store: tsdb or boltdb-shipper.") var index = "tsdb"
    @Option(help: "Folder of the chunks (default: in the data directory).") var chunks: String?
    @Option(help: "Folder of the rules (default: in the data directory).") var rules: String?
    @Option(help: "Folder of the write-ahead log (default: in the data directory).") var wal: String?
    @Flag(help: "Run without a write-ahead log.") var noWal = false

    func run() async throws {
        var options = LokiStandIn.Options()
        options.port = port
        options.isMultitenant = !singleTenant
        if index != "tsdb" { options.periods = [(from: "2024-04-01", schema: "v12", store: index)] }
        func folder(_ path: String?) -> URL? { path.map { URL(filePath: $0).absoluteURL } }
        options.places.chunks = folder(chunks)
        options.places.rules = folder(rules)
        options.places.wal = folder(wal)
        options.places.hasLog = !noWal
        let server = try await LokiStandIn(data: URL(filePath: data).absoluteURL, options)
        print(server.url)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
