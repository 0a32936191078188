internal import ObjectStorage
package import Platform

/// A repository that cannot be used as asked.
package struct RepositoryError: OperationError, Equatable {
    /// The kind of error, for decisions of the caller and for exit codes.
    package enum Reason: String, Sendable {
        case notARepository = "not_a_repository"
        case alreadyExists = "already_exists"
        case newerVersion = "newer_version"
        /// A stored object is missing or altered.
        case damaged = "repository_damaged"
        case noSuchSet = "no_such_set"
        case noSuchComponent = "no_such_component"
        case noSuchPath = "no_such_path"
        /// It belongs to another stack.
        case otherStack = "other_stack"
        /// The contents are encrypted, and there is no key, or the wrong one.
        case encrypted
        /// The contents are not encrypted although they must be.
        case notEncrypted = "not_encrypted"
        /// Another repository than the one that is known at this address.
        case otherRepository = "other_repository"
        /// A set that was committed is not there any more.
        case setRemoved = "set_removed"
        /// The file system of the restore target refuses an operation.
        case target = "restore_target"
        case noSpace = "no_space"
        /// It has no signature of a trusted signer.
        case untrusted
        /// Signing is configured, and this machine has no key to sign with.
        case noSigningKey = "no_signing_key"
        /// Its packs are in an archive class of the store, and must be thawed first.
        case archived
    }

    package var reason: Reason
    /// The object, by its key or path.
    package var object: String
    package var detail: String
    package var hint: String?
    /// True for a set that is as its maker signed it, and whose signer is not accepted here: nothing is damaged, so no
    /// other store has it better.
    package var isOfOtherSigner = false

    /// The hint for sets whose signer this machine does not trust.
    package static let signerAdvice =
        "if you know the signer, add its certificate to `store: signing: trust:`; if not, another user can write to the "
        + "store: change its credentials"

    package init(_ reason: Reason, object: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.object = object
        self.detail = detail
        self.hint = hint
    }

    /// True if a stored document cannot be used: it is damaged, or encrypted to a key that this machine does not have.
    package var isUnreadable: Bool { reason == .damaged || reason == .encrypted }

    static func damaged(_ object: String, _ detail: String) -> RepositoryError {
        RepositoryError(
            .damaged, object: object, detail, hint: "run `dr verify --read-data` to see all that is affected")
    }

    /// A document that a reader needs, and that no store that answers has.
    /// - Parameter error: `.notFound`.
    static func missing(_ key: ObjectKey, _ error: ObjectStoreError) -> RepositoryError {
        guard let unreached = error.unreached else { return damaged(key.text, "it is missing") }
        return RepositoryError(.damaged, object: key.text, unreached, hint: "try again when that store answers")
    }

    package var reasonCode: String { reason.rawValue }
    package var place: ErrorPlace { ErrorPlace(object: object, text: "'\(object.printable)'") }
}
