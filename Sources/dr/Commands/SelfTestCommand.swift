import ArgumentParser
import FoundationEssentials
import Operations
import Platform

struct SelfTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "self-test",
        abstract: "Prove in under a minute that this installation backs up, restores and notices damage.",
        discussion: """
            Works in a temporary folder of TMPDIR (default: /tmp), with sample data, a repository and throw-away keys of \
            its own, and removes it. Uses no configuration and no network. `dr doctor` checks your configuration. Exit \
            code 4: a step failed.
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let output = Output(options: options.output)
        let environment = ProcessInfo.processInfo.environment
        let test = SelfTest(
            program: OwnProgram.path, temporary: environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp",
            environment: environment)
        let report = try await BlockingPool(threads: 1).run {
            try test.run { step in output.note("\(step.name.rawValue): \(step.verdict.rawValue)") }
        }
        try output.result(report) { report.text }
        guard report.passed else { throw ExitStatus.checkFailed }
    }
}
