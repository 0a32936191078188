/// A storage operation that failed for good, after the store's own retries.
package struct ObjectStoreError: Error, Equatable, CustomStringConvertible {
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

    package var description: String {
        let object = key.map { " '\($0)'" } ?? ""
        return "\(operation)\(object) in \(store): \(detail)\(hint.map { "\nhint: \($0)" } ?? "")"
    }
}
