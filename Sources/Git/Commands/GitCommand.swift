internal import BackupRepository
internal import Platform

/// One run of the `git` program, whose failing to run is told in the terms of a component.
struct GitCommand {
    private let program: Program

    /// - Parameters:
    ///   - arguments: what follows `git`.
    ///   - environment: all that the program sees.
    ///   - input: a file for its standard input.
    ///   - program: `git`, or its path.
    init(
        arguments: [String], environment: [String: String], input: String? = nil,
        timeout: Duration = .seconds(3600), program name: String = "git"
    ) {
        var program = Program(name, arguments, environment: environment, timeout: timeout)
        if let input { program.input = .file(input) }
        self.program = program
    }

    /// - Parameter output: gets standard output as it comes; what it throws ends the program.
    /// - Throws: `ComponentError` when it cannot be started or takes too long; `CancellationError`.
    func run(output: (UnsafeRawBufferPointer) throws -> Void) throws -> ProgramEnd {
        do {
            return try program.run(output: output)
        } catch let error as ProgramError {
            let command = program.arguments.first { !$0.hasPrefix("-") && !$0.hasPrefix("/") } ?? ""
            let (reason, hint): (ComponentError.Reason, String?) =
                switch error.reason {
                case .missing: (.misconfigured, "install git, 2.32 or newer")
                case .timeout: (.unreachable, "see whether the server answers")
                case .notStarted: (.other, nil)
                }
            throw ComponentError(reason, operation: "git \(command)", error.detail, hint: hint)
        }
    }
}
