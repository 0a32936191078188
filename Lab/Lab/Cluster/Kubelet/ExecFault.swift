/// A command that a client runs in a container.
package struct ExecRequest: Sendable {
    package var namespace: String
    package var pod: String
    package var container: String
    package var command: [String]
    package var hasInput: Bool
    package var hasOutput: Bool
    package var hasErrors: Bool
}

/// A fault of one command in a container, for tests.
package enum ExecFault: Sendable {
    /// Ends the stream after this many bytes of output, and reports success.
    case endsEarly(after: Int)
    /// Cuts the connection after this many bytes of output.
    case drops(after: Int)
    /// Cuts the connection after this many bytes of input.
    case dropsInput(after: Int)
    /// Reports this exit status instead of the real one.
    case exitStatus(Int)
    /// Reports the real exit status, but loses this many bytes at the end of the output.
    case losesLast(Int)
}
