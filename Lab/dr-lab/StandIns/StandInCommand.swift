import ArgumentParser

/// `dr-lab stand-in SYSTEM`: a server that answers as the real one does, where that cannot be installed.
struct StandInCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stand-in", abstract: "Stand in for a server of the stack, on 127.0.0.1, until interrupted.",
        subcommands: [
            GrafanaStandInCommand.self, LokiStandInCommand.self, ElasticsearchStandInCommand.self,
            KubernetesStandInCommand.self,
        ])
}
