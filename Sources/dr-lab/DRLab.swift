import ArgumentParser

@main
struct DRLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dr-lab", abstract: "A local monitoring stack for the demo, drills and tests.",
        subcommands: [Demo.self, FaultyProxyCommand.self, StandInCommand.self, Bench.self, BenchCorpus.self])
}
