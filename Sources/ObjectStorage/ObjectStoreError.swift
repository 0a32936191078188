package import Platform

/// A storage operation that failed for good, after the store's own retries.
package struct ObjectStoreError: OperationError, Equatable {
    /// What a caller may decide on.
    package enum Reason: Equatable, Sendable {
        case notFound, alreadyExists, denied, locked
        /// Credentials missing, malformed, unknown or expired.
        case credentials
        /// No bucket, no directory, or not a usable one.
        case noSuchStore
        case unreachable, throttled, noSpace
        case truncated, invalidRange, tooLarge
        /// The storage does not implement what was asked.
        case unsupported
        case other
    }

    package var reason: Reason
    /// A verb: "put", "get", "list".
    package var operation: String
    package var key: ObjectKey?
    /// The storage's location, without credentials.
    package var store: String
    /// The cause in the system's or the server's own words, without secrets.
    package var detail: String
    /// What to do about it.
    package var hint: String?

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
