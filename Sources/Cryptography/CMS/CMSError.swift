package import Platform

/// A certificate, key, envelope or signature that cannot be used.
package struct CMSError: OperationError, Equatable {
    /// The classes of errors that a caller may handle differently.
    package enum Reason: Equatable, Sendable {
        /// The file cannot be read.
        case unreadable
        case notACertificate, notAKey
        /// The certificate is outside its validity.
        case expired, notYetValid
        /// This module does not support the kind of key, certificate or envelope.
        case unsupported
        /// The private key's passphrase is missing or wrong.
        case passphrase
        /// The private key belongs to none of the envelope's recipients, or not to its certificate.
        case wrongKey
        /// The envelope was changed or cut off, or this key does not decrypt its content key.
        case authentication
        /// The data do not have the structure of the format.
        case malformed
        case tooLarge
        /// The signature does not belong to the document, or its signer is not trusted.
        case signature
        /// OpenSSL refused an operation that should have worked.
        case failed
    }

    package var reason: Reason
    /// A verb and its object: "read certificate 'keys/recovery.crt'", "decrypt".
    package var operation: String
    /// The cause, without secrets.
    package var detail: String
    /// The advice to the operator.
    package var hint: String?

    package init(_ reason: Reason, operation: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.operation = operation
        self.detail = detail
        self.hint = hint
    }

    package var reasonCode: String { "certificate_or_key" }
    package var place: ErrorPlace { ErrorPlace(operation: operation) }
}
