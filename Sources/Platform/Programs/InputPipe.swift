internal import CLinux
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A pipe to the standard input of one program, for a conversation with it.
package final class InputPipe: Equatable, Sendable {
    private struct Ends {
        var near: CInt
        var far: CInt
    }

    private let ends: Mutex<Ends>

    /// - Throws: ``ProgramError`` if the system has no more descriptors.
    package init() throws(ProgramError) {
        var pair: [CInt] = [-1, -1]
        guard dr_pipe(&pair) == 0 else { throw ProgramError(.notStarted, of: "pipe", "pipe: \(Errno.last)") }
        _ = fcntl(pair[1], F_SETFL, O_NONBLOCK)
        ends = Mutex(Ends(near: pair[1], far: pair[0]))
    }

    /// The end that this process writes to; it does not block. -1 once the pipe is closed.
    package var descriptor: CInt { ends.withLock { $0.near } }

    /// Hands over the program's end: this process keeps none, so that it notices the program's end.
    func takeFar() -> CInt {
        ends.withLock { ends in
            defer { ends.far = -1 }
            return ends.far
        }
    }

    /// Ends the program's input.
    package func close() {
        ends.withLock { ends in
            for end in [ends.near, ends.far] where end >= 0 { Glibc.close(end) }
            ends = Ends(near: -1, far: -1)
        }
    }

    deinit { close() }

    package static func == (first: InputPipe, second: InputPipe) -> Bool { first === second }
}
