/// An error of a journal: it cannot be written, read or trusted.
package struct JournalError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case cannotWrite, cannotRead
        /// A line was altered, removed, added or moved.
        case tampered
        /// Another run of the scenario is in progress.
        case held
        case noSuchRun
    }

    package var reason: Reason
    package var object: String
    package var detail: String
    package var hint: String?

    package init(_ reason: Reason, _ object: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.object = object
        self.detail = detail
        self.hint = hint
    }

    package var description: String { "\(object): \(detail)\(hint.map { "\nhint: \($0)" } ?? "")" }
}
