import ArgumentParser
import Foundation
import Lab

/// Runs one program for the benchmark, from a process that is small.
struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Run a program, and print its time and memory as JSON.", shouldDisplay: false)

    @Option(name: .long, help: "File for its output.")
    var log: String

    @Option(name: .long, help: "Its working directory.")
    var folder = "/"

    @Argument(help: "The path of the program, and its arguments.")
    var command: [String]

    func run() async throws {
        let run = try await MeasuredProcess.run(command, log: log, folder: folder)
        print(String(decoding: try JSONEncoder().encode(run), as: UTF8.self))
    }
}
