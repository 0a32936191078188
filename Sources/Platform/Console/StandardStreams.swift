internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Standard error, for remarks, progress and errors. Text that cannot be written is dropped: a full disk, a closed
/// descriptor or a reader that has exited never stops the work.
package enum StandardError {
    /// Writes text for users. Control characters other than line ends and tabs are escaped.
    package static func write(_ text: String) { send(text.printableLines) }

    /// Draws on a terminal. Control sequences are sent unchanged, so names in `text` must already be printable.
    package static func draw(_ text: String) { send(text) }

    private static func send(_ text: String) { _ = Descriptor(STDERR_FILENO).write(Array(text.utf8), patience: 200) }
}

/// Standard output, only for results.
package enum StandardOutput {
    /// True if a command has written anything.
    package static var hasWritten: Bool { written.load(ordering: .relaxed) }
    private static let written = Atomic(false)

    /// Writes text for users. Control characters other than line ends and tabs are escaped.
    /// - Throws: ``StandardOutputError``.
    package static func write(_ text: String) throws(StandardOutputError) { try write(exactly: text.printableLines) }

    /// Writes text unchanged.
    /// - Throws: ``StandardOutputError``.
    package static func write(exactly text: String) throws(StandardOutputError) {
        written.store(true, ordering: .relaxed)
        let code = Descriptor(STDOUT_FILENO).write(Array(text.utf8), patience: -1)
        if code != 0 { throw StandardOutputError(code: code) }
    }
}

/// A result that could not be written.
package struct StandardOutputError: OperationError, Equatable {
    /// The error number.
    package var code: CInt

    /// True if the reader of a pipe has exited, as `head` does once it has enough lines.
    package var isReaderGone: Bool { code == EPIPE }

    package var reasonCode: String { isReaderGone ? "reader_gone" : "failed" }
    package var place: ErrorPlace {
        ErrorPlace(object: "standard output", text: "standard output: cannot write the result")
    }

    package var detail: String { Errno(rawValue: code).description }
}
