import ArgumentParser

/// `dr-lab stand-in SYSTEM`: runs a server that behaves like the real one, for machines that cannot install it.
struct StandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stand-in", abstract: "Run a stand-in for a server of the stack on 127.0.0.1 until interrupted.",
        subcommands: [
            GrafanaStandInCommand.self, LokiStandInCommand.self, ElasticsearchStandInCommand.self,
            KubernetesStandInCommand.self,
        ])
}
