import ArgumentParser
import Foundation
import Platform

struct DRLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dr-lab", abstract: "A local monitoring stack for the demo, drills and tests.",
        subcommands: [
            Demo.self, ClusterCommand.self, FaultyProxyCommand.self, StandInCommand.self, Bench.self, BenchCorpus.self,
            SyntheticHistory.self, FuzzCommand.self, MeasureCommand.self,
        ])
}

/// The program. An interrupted command stops its servers and removes its folders, as a failed one does.
@main
enum Main {
    static func main() async {
        do {
            try await cancellingOnSignals {
                var command = try DRLab.parseAsRoot()
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            }
        } catch is CancellationError {
            StandardError.write("dr-lab: interrupted\n")
            exit(130)
        } catch { DRLab.exit(withError: error) }
    }
}
