import ArgumentParser
import Lab

struct FaultyProxyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faulty-proxy",
        abstract:
            "Stand before a local S3 server and fail some of its requests, in every way that servers and networks do.")

    @Option(name: .long, help: "The server: http://127.0.0.1:PORT.")
    var to: String

    @Option(name: .long, help: "The share of requests that each kind of fault strikes, 0 to 1.")
    var rate = 0.05

    @Option(name: .long, help: "What the faults depend on.")
    var seed: UInt64 = 1

    func run() async throws {
        let proxy = try FaultyProxy(to: to, rate: rate, seed: seed)
        print("AWS_ENDPOINT_URL=\(proxy.endpoint)")
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
