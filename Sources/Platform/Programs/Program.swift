internal import CLinux
internal import Glibc

/// A program to run: an argument vector and an environment, never a shell.
///
/// A run blocks, so it belongs on a `BlockingPool`. The program gets its own process group. `dr` stops the group with
/// all helpers if the task is cancelled, the time-out passes, or the consumer of the output throws, and also if this
/// process is killed. If the program exits by itself, the processes that it leaves behind continue: a daemon that it
/// started is intended.
package struct Program: Equatable, Sendable {
    package enum Input: Equatable, Sendable {
        case nothing
        /// A path.
        case file(String)
        /// Bytes in memory, which are never written to a disk.
        case bytes([UInt8])
        /// A pipe that this process writes to while the program runs.
        case pipe(InputPipe)
    }

    /// The name or path. Without a slash, the program is searched in the `PATH` of ``environment``, see
    /// ``search(_:environment:in:)``.
    package var name: String
    package var arguments: [String]
    /// The whole environment of the program, which inherits nothing.
    package var environment: [String: String]
    /// The working directory of the program; nil for that of this process.
    package var folder: String?
    package var input = Input.nothing
    package var timeout: Duration
    /// True for a program that moves many bytes: its pipes hold a mebibyte.
    package var isStream = false
    /// True to run it with the umask that dr inherited: for a program that writes files for other users.
    package var inheritsMask = false

    package init(
        _ name: String, _ arguments: [String] = [], environment: [String: String], folder: String? = nil,
        timeout: Duration = .seconds(3600)
    ) {
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.timeout = timeout
    }

    /// Runs the program to its end and passes on its output as it arrives, in pieces of at most 256 KiB.
    /// - Parameters:
    ///   - output: receives standard output; an error that it throws stops the program.
    ///   - errors: receives standard error in the same way; the result also keeps its end.
    ///   - left: receives the number of the process if it was stopped and does not end: it waits in the kernel.
    /// - Throws: ``ProgramError`` if the program cannot be started or takes too long; errors of the closures;
    ///   `CancellationError`. A status other than 0 is a result.
    package func run(
        output: (UnsafeRawBufferPointer) throws -> Void, errors: (UnsafeRawBufferPointer) throws -> Void = { _ in },
        left: (CInt) -> Void = { _ in }
    ) throws -> ProgramEnd {
        let deadline = ContinuousClock.now + timeout
        var streams = OutputStreams(try OutputPipe(name), try OutputPipe(name))
        defer { streams.close() }
        if isStream {
            dr_widen_pipe(streams.output.near)
            if case .pipe(let pipe) = input { dr_widen_pipe(pipe.descriptor) }
        }
        let child = try Child(starting: self, output: streams.output.far, errors: streams.errors.far)
        streams.closeFar()
        var tail = Tail(limit: Self.errorLimit)
        func take(wait: CInt) throws -> Bool {
            try streams.take(wait: wait, output: output) { piece in
                tail.append(piece)
                try errors(piece)
            }
        }
        do {
            // A helper that stays behind, such as ssh's shared connection, may keep the streams open for long.
            while !child.hasEnded {
                try Task.checkCancellation()
                guard ContinuousClock.now < deadline else {
                    throw ProgramError(.timeout, of: name, "it did not finish within \(timeout)")
                }
                _ = try take(wait: streams.areOpen ? 20 : 1)
            }
            // The pipes hold the rest of the program's output; a helper may continue to write for ever.
            for _ in 0..<4 where try take(wait: 0) {}
        } catch {
            if let id = child.end() { left(id) }
            throw error
        }
        let end = child.reap()
        return ProgramEnd(waitStatus: end.status, errors: tail.text, peakMemory: end.peakMemory)
    }

    /// Runs the program to its end and keeps the end of its output.
    /// - Parameter limit: the number of bytes to keep of standard output.
    /// - Throws: as ``run(output:errors:)``.
    package func captured(limit: Int = 64 << 10) throws -> (end: ProgramEnd, output: String) {
        var tail = Tail(limit: limit)
        let end = try run { tail.append($0) }
        return (end, tail.text)
    }

    /// The number of bytes to keep of standard error.
    private static let errorLimit = 16 << 10
}

/// The result of a program that ended.
package struct ProgramEnd: Equatable, Sendable {
    /// The exit code; 128 plus the signal's number if a signal killed it, as in a shell.
    package var status: CInt
    /// The end of its standard error.
    package var errors: String
    /// The largest resident memory of the program, in bytes.
    package var peakMemory: Int

    init(waitStatus: CInt, errors: String, peakMemory: Int) {
        self.peakMemory = peakMemory
        let signal = waitStatus & 0x7f
        status = signal == 0 ? (waitStatus >> 8) & 0xff : 128 + signal
        self.errors = errors
    }
}

/// A program that did not run to its end.
package struct ProgramError: OperationError, Equatable {
    package enum Reason: String, Sendable {
        /// The program does not exist.
        case missing = "program_missing"
        /// The program exists but cannot be started.
        case notStarted = "program_failed"
        case timeout = "program_time_out"
    }

    package var reason: Reason
    /// The program's name.
    package var program: String
    package var detail: String

    init(_ reason: Reason, of program: String, _ detail: String) {
        self.reason = reason
        self.program = program
        self.detail = detail
    }

    package var reasonCode: String { reason.rawValue }
    package var place: ErrorPlace { ErrorPlace(object: program) }
}
