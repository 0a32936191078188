package import Platform

/// A certificate, key, envelope or signature that cannot be used.
package struct CMSError: OperationError, Equatable {
    /// What a caller may decide on.
    package enum Reason: Equatable, Sendable {
        /// The file cannot be read at all.
        case unreadable
        case notACertificate, notAKey
        /// A certificate outside its validity.
        case expired, notYetValid
        /// A kind of key, certificate or envelope that this module does not take.
        case unsupported
        /// The private key's passphrase is missing or wrong.
        case passphrase
        /// The private key belongs to none of the envelope's recipients, or not to its certificate.
        case wrongKey
        /// The envelope was changed or cut short, or its content key cannot be had with this key.
        case authentication
        /// Not the structure that the format asks for.
        case malformed
        case tooLarge
        /// The signature does not belong to the document, or its signer is not trusted.
        case signature
        /// OpenSSL refused something that should have worked.
        case failed
    }

    package var reason: Reason
    /// A verb and its object: "read certificate 'keys/recovery.crt'", "decrypt".
    package var operation: String
    /// The cause, without secrets.
    package var detail: String
    /// What to do about it.
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
