import ArgumentParser
import Lab

struct FaultyProxyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faulty-proxy",
        abstract:
            "Run a proxy in front of a local S3 server that injects server and network faults into requests.")

    @Option(name: .long, help: "URL of the server: http://127.0.0.1:PORT.")
    var to: String

    @Option(name: .long, help: "Rate of each kind of fault, 0 to 1.")
    var rate = 0.05

    @Option(name: .long, help: "Seed of the random faults.")
    var seed: UInt64 = 1

    func run() async throws {
        let proxy = try FaultyProxy(to: to, rate: rate, seed: seed)
        print("AWS_ENDPOINT_URL=\(proxy.endpoint)")
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
