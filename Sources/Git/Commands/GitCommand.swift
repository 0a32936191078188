internal import BackupRepository
internal import Platform

/// One run of the `git` program. If the program cannot run, the error is a `ComponentError`.
struct GitCommand {
    private var program: Program

    /// As ``Program/inheritsMask``.
    var inheritsMask: Bool {
        get { program.inheritsMask }
        set { program.inheritsMask = newValue }
    }

    /// - Parameters:
    ///   - arguments: the arguments of `git`.
    ///   - environment: the complete environment of the program.
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

    /// - Parameter output: receives standard output as it comes; an error that it throws stops the program.
    /// - Throws: `ComponentError` when it cannot be started or takes too long; `CancellationError`.
    func run(output: (UnsafeRawBufferPointer) throws -> Void) throws -> ProgramEnd {
        do {
            return try program.run(output: output)
        } catch let error as ProgramError {
            let command = program.arguments.first { !$0.hasPrefix("-") && !$0.hasPrefix("/") } ?? ""
            let (reason, hint): (ComponentError.Reason, String?) =
                switch error.reason {
                case .missing: (.misconfigured, "install git, 2.32 or newer")
                case .timeout: (.unreachable, "check that the server responds")
                case .notStarted: (.other, nil)
                }
            throw ComponentError(reason, operation: "git \(command)", error.detail, hint: hint)
        }
    }
}
