import ArgumentParser
import FoundationEssentials
import Glibc
import Operations
import Platform

/// Runs the command in a task that SIGINT, SIGTERM and SIGHUP cancel. Converts each error to a line on standard error,
/// an exit code and, with `--json`, a document on standard output.
@main
enum Main {
    static func main() async {
        Descriptor.holdStandardStreams()
        FileCreationMask.makePrivate()
        ProcessMemory.protect()
        ProcessMemory.keepSmall()
        OpenFileLimit.raise()
        ClusterRouter.use()
        let code = await run(ProgramArguments.all)
        exit(code.rawValue)
    }

    private static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            try await cancellingOnSignals {
                let arguments = GlobalOptions.normalized(arguments)
                var command = try DR.parseAsRoot(arguments)  // parsed in the task: commands are not Sendable
                do {
                    if var command = command as? any AsyncParsableCommand {
                        try await command.run()
                    } else {
                        try command.run()
                    }
                } catch  where InputFile.isInterrupted { throw CancellationError() }
            }
            return .done
        } catch let status as ExitStatus {
            document(Failure(status), arguments)
            return status
        } catch {
            return report(error, arguments)
        }
    }

    private static func report(_ error: any Error, _ arguments: [String]) -> ExitStatus {
        let parserCode = DR.exitCode(for: error)
        if parserCode == .success {  // --help, --version, completion scripts
            do throws(StandardOutputError) {
                try StandardOutput.write(exactly: DR.message(for: error) + "\n")
                return .done
            } catch { return report(error, arguments) }
        }
        let status = ExitStatus(error)
        // The parser's own errors show the command's usage. An error of the command itself shows only its message.
        let isOfParser = parserCode == .validationFailure && !(error is ValidationError)
        let message: String
        if isOfParser {
            message = DR.fullMessage(for: error)
        } else if status == .interrupted {
            message = "interrupted\nhint: run the same command again to resume"
        } else {
            message = "\(error)"
        }
        if status != .readerGone {
            StandardError.write(isOfParser ? message + "\n" : "dr: \(message)\n")
        }
        let short = isOfParser ? DR.message(for: error) : message
        document(Failure(error, message: short, status), arguments)
        return status
    }

    /// Prints the error as a document if `--json` is given and no result was printed.
    private static func document(_ failure: Failure, _ arguments: [String]) {
        guard arguments.prefix(while: { $0 != "--" }).contains("--json"), !StandardOutput.hasWritten else { return }
        try? StandardOutput.write(exactly: (try Output.json(failure)) + "\n")
    }
}
