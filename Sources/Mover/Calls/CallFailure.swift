package import Platform
internal import ObjectStorage

/// An error that crosses the link.
package struct CallFailure: OperationError, Codable, Equatable {
    package var reasonCode: String
    package var operation: String?
    package var object: String?
    package var text: String
    package var detail: String
    package var hint: String?
    /// The reason of an `ObjectStoreError`; nil for any other error.
    package var store: String?
    package var isCancelled = false

    package var place: ErrorPlace { ErrorPlace(operation: operation, object: object, text: text) }

    package init(_ error: any Error) {
        let known = error as? any OperationError
        reasonCode = known?.reasonCode ?? "mover_failed"
        operation = known?.place.operation
        object = known?.place.object
        text = known?.place.text ?? ""
        detail = known?.detail ?? "\(error)"
        hint = known?.hint
        isCancelled = error is CancellationError
        if let error = error as? ObjectStoreError {
            store = error.reason.word
            operation = error.operation
        }
    }

    package init(reasonCode: String, _ detail: String) {
        self.reasonCode = reasonCode
        self.detail = detail
        text = ""
    }

    /// The error of a store, as the other side's store threw it.
    func storeError(operation: String, key: ObjectKey?, store location: String) -> ObjectStoreError {
        ObjectStoreError(
            store.flatMap(ObjectStoreError.Reason.init(word:)) ?? .other, operation: operation, key: key, detail,
            store: location, hint: hint)
    }
}

extension ObjectStoreError.Reason {
    private static let words: [(Self, String)] = [
        (.notFound, "not_found"), (.alreadyExists, "already_exists"), (.denied, "denied"), (.locked, "locked"),
        (.archived, "archived"), (.credentials, "credentials"), (.noSuchStore, "no_such_store"),
        (.unreachable, "unreachable"),
        (.throttled, "throttled"), (.noSpace, "no_space"), (.truncated, "truncated"),
        (.invalidRange, "invalid_range"), (.tooLarge, "too_large"), (.unsupported, "unsupported"), (.other, "other"),
    ]

    var word: String { Self.words.first { $0.0 == self }?.1 ?? "other" }

    init?(word: String) {
        guard let reason = Self.words.first(where: { $0.1 == word })?.0 else { return nil }
        self = reason
    }
}
