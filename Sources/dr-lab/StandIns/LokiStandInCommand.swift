import ArgumentParser
import Foundation
import Lab

struct LokiStandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loki", abstract: "Loki's HTTP API over a directory of chunks.")

    @Option(help: "The port to listen on; a free one by default.") var port: UInt16?
    @Option(help: "The server's common.path_prefix; made where it is not there.") var data: String
    @Flag(help: "Without tenants, as auth_enabled=false.") var singleTenant = false

    func run() async throws {
        var options = LokiStandIn.Options()
        options.port = port
        options.isMultitenant = !singleTenant
        let server = try await LokiStandIn(data: URL(filePath: data).absoluteURL, options)
        print(server.url)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
