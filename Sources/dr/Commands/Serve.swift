import ArgumentParser
import Console
import Operations

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the console: read-only web pages about the backups, recoveries and drills of this stack.")

    @OptionGroup var options: GlobalOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Address and port to listen on; port 0 for a free one (default: 127.0.0.1:9419).", valueName: "address"))
    var listen: ListenAddress?

    func run() async throws {
        let session = try Session(options)
        let site = Site(session)
        var settings = WebServer.Settings()
        settings.address = listen ?? .standard
        let server = try WebServer(settings, answer: site.answer)
        defer { server.stop() }
        Output(options: options).note("console: http://\(server.address)/")
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}

extension ListenAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
