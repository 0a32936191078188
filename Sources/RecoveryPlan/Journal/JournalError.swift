package import Platform

/// An error of a journal: it cannot be written, read or trusted.
package struct JournalError: OperationError, Equatable {
    package enum Reason: String, Sendable {
        case cannotWrite = "file_error"
        case cannotRead = "journal_unreadable"
        /// A line was altered, removed, added or moved.
        case tampered = "journal_altered"
        /// Another run of the scenario is in progress.
        case held
        case noSuchRun = "no_such_run"
    }

    package var reason: Reason
    package var object: String
    package var detail: String
    package var hint: String?

    package init(_ reason: Reason, object: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.object = object
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String { reason.rawValue }
    package var place: ErrorPlace { ErrorPlace(object: object) }
}
