import Foundation
import Platform
import RecoveryPlan
import Synchronization

/// Asks the person at the terminal, on the calling thread, and notices a cancellation while nobody answers.
package struct TerminalQuestion {
    package let question: String

    package init(_ question: String) { self.question = question }

    package static var isPossible: Bool { isatty(STDIN_FILENO) == 1 }

    /// Whether somebody is typing: nothing should be drawn over it.
    static var isOpen: Bool { open.load(ordering: .relaxed) > 0 }
    private static let open = Atomic(0)

    /// Waits for a yes.
    /// - Throws: ``ActionError`` when there is nobody to ask or the answer is another; `CancellationError`.
    package func confirm() throws {
        let answer = try ask("\(question) [yes/no] ")
        guard ["y", "yes"].contains(answer.lowercased()) else {
            throw ActionError(.hopeless, operation: "ask: \(question)", "the answer was '\(answer)'")
        }
    }

    /// - Returns: the line that was typed, without spaces around it.
    package func ask(_ prompt: String) throws -> String {
        guard Self.isPossible else {
            throw ActionError(
                .hopeless, operation: "ask: \(question)", "there is no terminal to ask at",
                hint: "run it where somebody can answer, or with --yes where nobody needs to")
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
        return String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
    }
}
