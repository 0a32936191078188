/// A command that cannot be carried out as it was given: a wrong name, or options that contradict each other.
package struct UsageError: OperationError, Equatable {
    package var message: String
    /// The command or setting that would do.
    package var hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var reasonCode: String { "usage" }
    package var place: ErrorPlace { ErrorPlace() }
    package var detail: String { message }
}
