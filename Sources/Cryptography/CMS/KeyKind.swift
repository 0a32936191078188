/// A kind of key that dr creates.
package enum KeyKind: String, CaseIterable, Sendable {
    /// Supported by every tool; takes about a second to create.
    case rsa3072 = "rsa-3072"
    case rsa4096 = "rsa-4096"
    /// NIST's curve P-256: small, fast, and as strong as RSA-3072.
    case p256 = "p-256"
    case p384 = "p-384"

    package var isRSA: Bool { self == .rsa3072 || self == .rsa4096 }
}

/// The purpose of a key, which its certificate states: a key for one purpose is refused for the other.
package enum KeyPurpose: String, CaseIterable, Sendable {
    /// Decrypts backups. It is kept off the machines that make backups.
    case recovery
    /// Signs backup sets and marks. The machine that makes backups holds it.
    case signing

    /// The name of the key usage in RFC 5280, 4.2.1.3.
    func usage(of kind: KeyKind) -> String {
        switch self {
        case .recovery: kind.isRSA ? "keyEncipherment" : "keyAgreement"
        case .signing: "digitalSignature"
        }
    }
}
