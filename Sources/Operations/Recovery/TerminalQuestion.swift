import FoundationEssentials
import Glibc
import Platform
import RecoveryPlan
import Synchronization

/// Asks the operator at the terminal. Blocks the calling thread, but reacts to a cancellation while it waits.
package struct TerminalQuestion {
    package let question: String

    package init(_ question: String) { self.question = question }

    package static var isPossible: Bool { isatty(STDIN_FILENO) == 1 }

    /// True while the operator types an answer, which displays must not draw over.
    static var isOpen: Bool { open.load(ordering: .relaxed) > 0 }
    private static let open = Atomic(0)

    /// Waits for a yes.
    /// - Throws: ``ActionError`` if there is no terminal or the answer is not yes; `CancellationError`.
    package func confirm() throws {
        let answer = try ask("\(question) [yes/no] ")
        guard ["y", "yes"].contains(answer.lowercased()) else {
            throw ActionError(.hopeless, operation: "ask: \(question)", "the answer was '\(answer)'")
        }
    }

    /// - Returns: the typed line, without surrounding spaces.
    package func ask(_ prompt: String) throws -> String {
        String(decoding: try line(after: prompt), as: UTF8.self).trimmed
    }

    /// Asks without showing what the operator types.
    /// - Returns: the bytes of the typed line.
    package func askHidden(_ prompt: String) throws -> [UInt8] {
        let echo = Terminal.hideInput()
        defer {
            echo?.restore()
            StandardError.write("\n")
        }
        return try line(after: prompt)
    }

    private func line(after prompt: String) throws -> [UInt8] {
        guard Self.isPossible else {
            throw ActionError(
                .hopeless, operation: "ask: \(question)", "there is no terminal for the answer",
                hint: "run it in a terminal, or add --yes if no confirmation is needed")
        }
        Self.open.add(1, ordering: .relaxed)
        defer { Self.open.subtract(1, ordering: .relaxed) }
        StandardError.write(prompt)
        var line: [UInt8] = []
        while true {
            try Task.checkCancellation()
            var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 200) > 0 else { continue }
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 1, byte != UInt8(ascii: "\n") else { break }
            line.append(byte)
        }
        return line
    }
}
