import ArgumentParser
import Foundation
import Fuzzing
import Lab

struct FuzzCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Give damaged and hostile inputs to dr's readers until one traps, hangs or does harm.",
        discussion: """
            Inputs are changed documents of repositories, envelopes, configurations, plans, journals, and answers of \
            servers. The cases run in a child process; dr-lab stores each input that ends it, and starts another.
            """)

    @Option(name: .long, help: "Seconds to run.")
    var seconds = 600.0

    @Option(name: .long, help: "Seed of the cases (default: a random one).")
    var seed: UInt64?

    @Option(name: .long, help: "Folder of stored cases, which run first, and of new findings.")
    var corpus = Checkout.url("fixtures/fuzz").path

    @Option(name: .long, help: "Only this target; repeat it for several.")
    var target: [String] = []

    @Option(name: .long, help: .hidden)
    var planted: String?

    @Option(name: .long, help: .hidden)
    var worker: String?

    @Option(name: .long, help: .hidden)
    var first = 0

    @Option(name: .long, help: .hidden)
    var stored: [String] = []

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 1...999_999_999)
        let targets = target.isEmpty ? nil : target
        if let worker {
            let status = try await FuzzWorker(
                folder: worker, seed: seed, first: first, seconds: seconds, targets: targets, planted: planted,
                stored: stored
            ).run()
            throw ExitCode(status)
        }
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var campaign = FuzzCampaign(program: program, seed: seed, seconds: seconds, corpus: corpus)
        (campaign.targets, campaign.planted) = (targets, planted)
        campaign.log = { print($0) }
        print("seed \(seed), \(Int(seconds)) s")
        let report = try await campaign.run()
        for (name, count) in report.counts.sorted(by: { $0.key < $1.key }) { print("  \(name): \(count)") }
        let rate = Double(report.cases) / max(0.001, report.seconds)
        print(
            "\(report.stored) stored and \(report.cases) new cases, \(Int(rate)) a second, "
                + "\(report.findings.count) findings")
        if !report.findings.isEmpty { throw ExitCode.failure }
    }
}
