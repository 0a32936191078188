/// A command that cannot be carried out as it was given: a wrong name, or options that contradict each other.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package var message: String
    /// The command or setting that would do.
    package var hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String { message + (hint.map { "\nhint: \($0)" } ?? "") }
}
