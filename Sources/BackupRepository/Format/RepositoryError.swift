internal import Platform

/// A repository that cannot be used as asked.
package struct RepositoryError: Error, Equatable, CustomStringConvertible {
    /// What a caller may decide on, and an exit code follows from.
    package enum Reason: Equatable, Sendable {
        case notARepository, alreadyExists, newerVersion
        /// Something stored is missing or not what it was.
        case damaged
        case noSuchSet, noSuchComponent, noSuchPath
        /// It belongs to another stack.
        case otherStack
        /// The contents are encrypted, and there is no key, or not the right one.
        case encrypted
        /// The file system where something is to be restored refuses.
        case target
        case noSpace
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

    package var description: String { "'\(object.printable)': \(detail)\(hint.map { "\nhint: \($0)" } ?? "")" }
}
