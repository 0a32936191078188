package import Platform

/// A storage operation that failed after the store's own retries.
package struct ObjectStoreError: OperationError, Equatable {
    /// The classes of errors that a caller may handle differently.
    package enum Reason: Equatable, Sendable {
        case notFound, alreadyExists, denied, locked
        /// The object is in an archive class, and must be thawed before it can be read.
        case archived
        /// Credentials missing, malformed, unknown or expired.
        case credentials
        /// The bucket or directory does not exist, or is not usable.
        case noSuchStore
        case unreachable, throttled, noSpace
        case truncated, invalidRange, tooLarge
        /// The storage does not implement the operation.
        case unsupported
        case other
    }

    package var reason: Reason
    /// A verb: "put", "get", "list".
    package var operation: String
    package var key: ObjectKey?
    /// The storage's location, without credentials.
    package var store: String
    /// The cause in the words of the system or the server, without secrets.
    package var detail: String
    /// The advice to the operator.
    package var hint: String?
    /// Set with `.notFound` if a store that may have the object could not be reached: which one, why, and which stores
    /// lack it.
    package internal(set) var unreached: String?

    package init(
        _ reason: Reason, operation: String, key: ObjectKey?, _ detail: String, store: String, hint: String? = nil
    ) {
        self.reason = reason
        self.operation = operation
        self.key = key
        self.store = store
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String { reason.code }

    package var place: ErrorPlace {
        ErrorPlace(
            operation: operation, object: key?.text ?? store,
            text: "\(operation)\(key.map { " '\($0)'" } ?? "") in \(store)")
    }
}

extension ObjectStoreError.Reason {
    fileprivate var code: String {
        switch self {
        case .notFound: "not_found"
        case .alreadyExists: "already_exists"
        case .denied: "denied"
        case .locked: "locked"
        case .archived: "archived"
        case .credentials: "credentials"
        case .noSuchStore: "no_such_store"
        case .unreachable: "unreachable"
        case .throttled: "throttled"
        case .noSpace: "no_space"
        case .truncated: "truncated"
        case .unsupported: "unsupported"
        case .invalidRange, .tooLarge, .other: "store_error"
        }
    }
}
