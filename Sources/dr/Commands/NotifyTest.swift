import ArgumentParser
import Documents
import FoundationEssentials
import Notifications
import Operations
import Platform
import StackConfiguration

struct NotifyTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a test message to every notification channel, and show each answer.",
        discussion: """
            Each channel gets one message, regardless of its configured events. The PagerDuty incident is resolved \
            immediately, and a status page does not change. Exit code 1: a channel failed.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, parsing: .singleValue, help: "Test only this channel; may be repeated (default: all).")
    var channel: [String] = []

    func run() async throws {
        let session = try Session(options)
        let found = NotificationChannels(session.configuration.notifications)
        let names = found.channels.map(\.name) + found.problems.map(\.name)
        if let unknown = channel.first(where: { !names.contains($0) }) {
            throw ValidationError("no channel '\(unknown)'\(Spelling.advice(for: unknown, among: names))")
        }
        guard !names.isEmpty else {
            throw DocumentError(
                file: session.file, "there is no channel to test", hint: "add a channel under `notifications:`")
        }
        let notice = Notice(
            .test, severity: .info, at: session.clock.now, stack: session.configuration.stack,
            summary: "This is a test of the notifications of dr. No action is needed.")
        let chosen = found.channels.filter { channel.isEmpty || channel.contains($0.name) }
        let pool = BlockingPool(threads: min(max(chosen.count, 1), 16))
        var results = try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for (index, channel) in chosen.enumerated() {
                group.addTask { (index, try await Answer(of: channel, to: notice, on: pool)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
        for problem in found.problems where channel.isEmpty || channel.contains(problem.name) {
            results.append(Answer(channel: problem.name, delivered: false, answer: problem.reason))
        }
        try Output(options: options).result(Result(channels: results)) {
            var table = Table([("CHANNEL", .left), ("RESULT", .left), ("ANSWER", .left)])
            for result in results {
                let lines = result.answer.split(separator: "\n")
                table.add([result.channel, result.delivered ? "delivered" : "failed", String(lines.first ?? "")])
                for line in lines.dropFirst() { table.add(["", "", String(line)]) }
            }
            return table.text
        }
        if results.contains(where: { !$0.delivered }) { throw ExitStatus.failed }
    }

    private struct Result: Encodable {
        var channels: [Answer]
    }

    private struct Answer: Encodable {
        var channel: String
        var delivered: Bool
        /// The answer of the channel's server, or the reason why dr could not reach it.
        var answer: String

        init(channel: String, delivered: Bool, answer: String) {
            self.channel = channel
            self.delivered = delivered
            self.answer = answer
        }

        init(of channel: any Channel, to notice: Notice, on pool: BlockingPool) async throws {
            self.init(channel: channel.name, delivered: true, answer: "")
            do {
                answer = try await pool.run { try channel.deliver(notice) }
            } catch let error as DeliveryError {
                delivered = false
                answer = "\(error)"
            }
        }
    }
}
