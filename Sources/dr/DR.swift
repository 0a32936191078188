import ArgumentParser

@main
struct DR: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "dr", abstract: "Disaster recovery for a monitoring stack.")
}
