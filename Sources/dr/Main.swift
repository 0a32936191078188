import ArgumentParser
import Blocking
import Foundation

/// Starts the command in a task that SIGINT and SIGTERM cancel, and is the one place where an error becomes a line
/// on standard error and an exit code.
@main
enum Main {
    static func main() async {
        OpenFileLimit.raise()
        let code = await run(ProgramArguments.all)
        exit(code.rawValue)
    }

    private static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            try await cancellingOnSignals {
                let arguments = GlobalOptions.normalized(arguments)
                var command = try DR.parseAsRoot(arguments)  // parsed in the task: commands are not Sendable
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            }
            return .done
        } catch let status as ExitStatus {
            return status
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> ExitStatus {
        let parserCode = DR.exitCode(for: error)
        if parserCode == .success {  // --help, --version, completion scripts
            print(DR.message(for: error))
            return .done
        }
        let status = ExitStatus(error)
        if parserCode == .validationFailure {
            StandardError.write(DR.fullMessage(for: error) + "\n")
        } else if status == .interrupted {
            StandardError.write("dr: interrupted; the same command run again goes on\n")
        } else {
            StandardError.write("dr: \(error)\n")
        }
        return status
    }
}

enum StandardError {
    static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
