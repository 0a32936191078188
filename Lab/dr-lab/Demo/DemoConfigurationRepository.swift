import Foundation
import Lab

/// A real Git repository with the stack's configuration.
final class DemoConfigurationRepository: DemoComponent {
    let name = "configuration"
    let about = "git, real: the stack's configuration in a repository of four commits"
    private let repository: URL

    init(in folder: URL) async throws {
        repository = folder.appending(path: "configuration")
        try FileManager.default.createDirectory(at: repository, withIntermediateDirectories: true)
        try await git("init", "--quiet", "--initial-branch=main")
        let rules = repository.appending(path: "rules.yml")
        for number in 1...4 {
            let text = "groups: [{name: lab, rules: [{alert: Down, expr: 'lab_up == 0', for: \(number)m}]}]\n"
            try Data(text.utf8).write(to: rules)
            try await git("add", "--all")
            try await git(
                "-c", "user.name=lab", "-c", "user.email=lab@example.org", "commit", "--quiet", "-m", "Rule \(number)")
        }
    }

    var settings: String { "{kind: git, url: \(repository.path), branch: main}" }

    func answers(watermark: Int?) async throws -> [String: String] {
        var answers: [String: String] = [:]
        for question in [
            ["rev-parse", "HEAD"], ["log", "--format=%H %s"], ["ls-files", "--stage"], ["status", "-s"],
        ] {
            answers["git \(question.joined(separator: " "))"] = try await git(question)
        }
        return answers
    }

    func destroy() async throws { try FileManager.default.removeItem(at: repository) }

    func start() async throws {}

    func stop() async {}

    @discardableResult
    private func git(_ arguments: String...) async throws -> String { try await git(arguments) }

    private func git(_ arguments: [String]) async throws -> String {
        let run = try await CommandRun.run("/usr/bin/git", ["-C", repository.path] + arguments)
        guard run.status == 0 else { throw LabError("git \(arguments.joined(separator: " ")): \(run.errors)") }
        return run.output
    }
}
