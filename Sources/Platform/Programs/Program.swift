internal import Glibc

/// A program to be run: an argument vector and an environment, never a shell.
///
/// Running it blocks, hence belongs on a `BlockingPool`. It gets a process group of its own, which is ended with all
/// its helpers when the task is cancelled, the time is up, or whoever takes its output throws, and also when this process
/// is killed. What it leaves behind when it ends by itself stays: a daemon that it started is meant to.
package struct Program: Equatable, Sendable {
    package enum Input: Equatable, Sendable {
        case nothing
        /// A path.
        case file(String)
        /// Held in memory, never on a disk.
        case bytes([UInt8])
    }

    /// Searched in the `PATH` of ``environment`` when it holds no slash, see ``search(_:environment:in:)``.
    package var name: String
    package var arguments: [String]
    /// All that the program sees; nothing is inherited.
    package var environment: [String: String]
    /// Where it starts; nil for this process's own working directory.
    package var folder: String?
    package var input = Input.nothing
    package var timeout: Duration

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

    /// Runs it to its end, handing out what it writes as it comes, in pieces of at most 64 KiB.
    /// - Parameters:
    ///   - output: gets standard output; what it throws ends the program.
    ///   - errors: likewise standard error, of which the result keeps the end besides.
    /// - Throws: ``ProgramError`` when it cannot be started or takes too long; what the closures throw;
    ///   `CancellationError`. A status other than 0 is a result.
    package func run(
        output: (UnsafeRawBufferPointer) throws -> Void, errors: (UnsafeRawBufferPointer) throws -> Void = { _ in }
    ) throws -> ProgramEnd {
        let deadline = ContinuousClock.now + timeout
        var streams = OutputStreams(try OutputPipe(name), try OutputPipe(name))
        defer { streams.close() }
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
            // A helper that stays behind, such as ssh's shared connection, may hold the streams open for long.
            while !child.hasEnded {
                try Task.checkCancellation()
                guard ContinuousClock.now < deadline else {
                    throw ProgramError(.timeout, of: name, "it did not end within \(timeout)")
                }
                _ = try take(wait: streams.areOpen ? 20 : 1)
            }
            // What it wrote fits into the pipes; a helper may go on writing for ever.
            for _ in 0..<4 where try take(wait: 0) {}
        } catch {
            child.end()
            throw error
        }
        return ProgramEnd(waitStatus: child.reap(), errors: tail.text)
    }

    /// Runs it to its end and keeps the end of what it writes.
    /// - Parameter limit: bytes kept of standard output.
    /// - Throws: as ``run(output:errors:)``.
    package func captured(limit: Int = 64 << 10) throws -> (end: ProgramEnd, output: String) {
        var tail = Tail(limit: limit)
        let end = try run { tail.append($0) }
        return (end, tail.text)
    }

    /// Bytes kept of standard error.
    private static let errorLimit = 16 << 10
}

/// How a program ended.
package struct ProgramEnd: Equatable, Sendable {
    /// Its exit code; 128 and the signal's number where one ended it, as a shell has it.
    package var status: CInt
    /// The end of what it wrote to standard error.
    package var errors: String

    init(waitStatus: CInt, errors: String) {
        let signal = waitStatus & 0x7f
        status = signal == 0 ? (waitStatus >> 8) & 0xff : 128 + signal
        self.errors = errors
    }
}

/// A program that did not run to its end.
package struct ProgramError: OperationError, Equatable {
    package enum Reason: String, Sendable {
        /// There is no such program.
        case missing = "program_missing"
        /// It is there, but cannot be started.
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
