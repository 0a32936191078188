internal import COpenSSL

/// The algorithm and size of a public key: "RSA-3072", "P-256".
package struct KeyAlgorithm: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package let bits: Int
    package let isRSA: Bool

    /// - Parameter key: an `EVP_PKEY`, which is borrowed.
    init(_ key: OpaquePointer) {
        bits = Int(EVP_PKEY_get_bits(key))
        isRSA = EVP_PKEY_is_a(key, "RSA") == 1
        if isRSA {
            description = "RSA-\(bits)"
        } else if EVP_PKEY_is_a(key, "EC") == 1 {
            description = Self.curve(of: key)
        } else {
            description = EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown"
        }
    }

    /// Returns NIST's name of a curve, which OpenSSL knows under the names of ANSI X9.62 and SECG.
    private static func curve(of key: OpaquePointer) -> String {
        var name = [CChar](repeating: 0, count: 80)
        var length = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1 else { return "EC" }
        let text = String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return ["prime256v1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"][text] ?? text
    }
}

extension X509Certificate {
    /// The algorithm of its key.
    /// - Throws: `.notACertificate`, or `.unsupported` if OpenSSL does not know the kind of key.
    package func algorithm() throws(CMSError) -> KeyAlgorithm {
        let handle = try makeHandle()
        guard let key = X509_get0_pubkey(handle.pointer) else {
            throw CMSError(
                .unsupported, operation: "use certificate '\(subject)'", "the kind of its key is not supported")
        }
        return KeyAlgorithm(key)
    }
}
