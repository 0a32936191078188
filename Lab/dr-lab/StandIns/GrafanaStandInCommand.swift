import ArgumentParser
import Foundation
import Lab
import Platform

struct GrafanaStandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grafana", abstract: "A stand-in for Grafana; its server admin is 'admin'.")

    @Option(name: .long, help: "Where to listen on 127.0.0.1; a free one when left out.")
    var port: UInt16?

    @Option(name: .long, help: "What is in it: empty, rich, or dashboards=N.")
    var seed = "rich"

    @Option(name: .long, help: "The major version to resemble: 9 to 13.")
    var version = 11

    @Flag(name: .long, help: "Do not show the secrets of contact points to anybody: 403 for decrypt=true.")
    var hideSecrets = false

    func run() async throws {
        guard let version = GrafanaVersion(rawValue: version) else { throw ValidationError("--version is 9 to 13") }
        var state: GrafanaState
        if seed == "rich" {
            state = .rich(version: version)
        } else if seed == "empty" {
            state = .empty(version: version)
        } else if seed.hasPrefix("dashboards="), let count = Int(seed.dropFirst("dashboards=".count)) {
            state = .dashboards(count, version: version)
        } else {
            throw ValidationError("--seed is empty, rich or dashboards=N")
        }
        state.hidesSecrets = hideSecrets
        // Of thousands of requests the contract would be checked again and again: that is for tests.
        let isChecked = !seed.hasPrefix("dashboards=")
        let server = try await GrafanaStandIn(state, port: port, isChecked: isChecked)
        let text = "GRAFANA_URL=\(server.url)\nGRAFANA_PASSWORD=\(GrafanaState.adminPassword)\n"
        try StandardOutput.write(exactly: text)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
