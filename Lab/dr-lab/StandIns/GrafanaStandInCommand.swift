import ArgumentParser
import Foundation
import Lab
import Platform

struct GrafanaStandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grafana", abstract: "A stand-in for Grafana; its server admin is 'admin'.")

    @Option(name: .long, help: "Port on 127.0.0.1 (default: a free one).")
    var port: UInt16?

    @Option(name: .long, help: "Initial contents: empty, rich, or dashboards=N.")
    var seed = "rich"

    @Option(name: .long, help: "Major version to emulate: 9 to 13.")
    var version = 11

    @Flag(name: .long, help: "Never show the secrets of contact points: respond with 403 to decrypt=true.")
    var hideSecrets = false

    func run() async throws {
        guard let version = GrafanaVersion(rawValue: version) else {
            throw ValidationError("--version must be 9 to 13")
        }
        var state: GrafanaState
        if seed == "rich" {
            state = .rich(version: version)
        } else if seed == "empty" {
            state = .empty(version: version)
        } else if seed.hasPrefix("dashboards="), let count = Int(seed.dropFirst("dashboards=".count)) {
            state = .dashboards(count, version: version)
        } else {
            throw ValidationError("--seed must be empty, rich or dashboards=N")
        }
        state.hidesSecrets = hideSecrets
        // Checking the contract for thousands of requests is slow and only useful in tests.
        let isChecked = !seed.hasPrefix("dashboards=")
        let server = try await GrafanaStandIn(state, port: port, isChecked: isChecked)
        let text = "GRAFANA_URL=\(server.url)\nGRAFANA_PASSWORD=\(GrafanaState.adminPassword)\n"
        try StandardOutput.write(exactly: text)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
