package import Platform

/// A repository that cannot be used as asked.
package struct RepositoryError: OperationError, Equatable {
    /// What a caller may decide on, and an exit code follows from.
    package enum Reason: String, Sendable {
        case notARepository = "not_a_repository"
        case alreadyExists = "already_exists"
        case newerVersion = "newer_version"
        /// Something stored is missing or not what it was.
        case damaged = "repository_damaged"
        case noSuchSet = "no_such_set"
        case noSuchComponent = "no_such_component"
        case noSuchPath = "no_such_path"
        /// It belongs to another stack.
        case otherStack = "other_stack"
        /// The contents are encrypted, and there is no key, or not the right one.
        case encrypted
        /// The file system where something is to be restored refuses.
        case target = "restore_target"
        case noSpace = "no_space"
    }

    package var reason: Reason
    /// The object, by its key or path.
    package var object: String
    package var detail: String
    package var hint: String?

    package init(_ reason: Reason, object: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.object = object
        self.detail = detail
        self.hint = hint
    }

    static func damaged(_ object: String, _ detail: String) -> RepositoryError {
        RepositoryError(
            .damaged, object: object, detail, hint: "run `dr verify --read-data` to see all that is affected")
    }

    package var reasonCode: String { reason.rawValue }
    package var place: ErrorPlace { ErrorPlace(object: object, text: "'\(object.printable)'") }
}
