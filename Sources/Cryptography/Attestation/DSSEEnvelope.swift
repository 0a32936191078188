internal import FoundationEssentials

/// A signed document in a Dead Simple Signing Envelope (DSSE 1.0), as `cosign verify-blob-attestation` reads it.
///
/// Format: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md. The signature covers the type and the bytes
/// of the document as ``preauthenticated(_:type:)`` joins them.
package struct DSSEEnvelope: Codable, Equatable, Sendable {
    package struct Signature: Codable, Equatable, Sendable {
        /// The SHA-256 of the signer's certificate: a hint, which is not signed.
        package var keyid: String?
        /// Base64.
        package var sig: String
    }

    package var payloadType: String
    /// Base64.
    package var payload: String
    package var signatures: [Signature]
}

extension DSSEEnvelope {
    /// Signs a document.
    /// - Parameter type: its media type.
    package init(_ document: [UInt8], type: String, by signer: SigningIdentity) throws(CMSError) {
        let signature = try RawSignature.sign(Self.preauthenticated(document, type: type), by: signer)
        let entry = Signature(
            keyid: signer.certificate.fingerprint.hex, sig: Data(signature).base64EncodedString())
        self.init(payloadType: type, payload: Data(document).base64EncodedString(), signatures: [entry])
    }

    /// Parses an envelope.
    /// - Throws: `CMSError` `.malformed`.
    package init(parsing json: [UInt8]) throws(CMSError) {
        do { self = try JSONDecoder().decode(Self.self, from: Data(json)) } catch {
            throw CMSError(.malformed, operation: Self.operation, "it is not a DSSE envelope")
        }
    }

    package var encoded: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
        }
    }

    /// Verifies that the holder of the certificate made one of the signatures.
    /// - Returns: the document.
    /// - Throws: `CMSError` with `.malformed` or `.signature`.
    package func verify(type: String, signedBy certificate: X509Certificate) throws(CMSError) -> [UInt8] {
        guard payloadType == type else {
            throw CMSError(.malformed, operation: Self.operation, "its payload is '\(payloadType)', not '\(type)'")
        }
        guard let document = Self.bytes(payload) else {
            throw CMSError(.malformed, operation: Self.operation, "its payload is not base64")
        }
        let signed = Self.preauthenticated(document, type: type)
        for signature in signatures {
            guard let bytes = Self.bytes(signature.sig) else { continue }
            if try RawSignature.isValid(bytes, of: signed, by: certificate) { return document }
        }
        throw CMSError(
            .signature, operation: Self.operation,
            "the holder of the certificate '\(certificate.subject)' did not sign it")
    }

    /// Returns PAE(type, document), the bytes that a signature covers: "DSSEv1 29 http://example.com/HelloWorld 11 hello
    /// world".
    package static func preauthenticated(_ document: [UInt8], type: String) -> [UInt8] {
        Array("DSSEv1 \(type.utf8.count) \(type) \(document.count) ".utf8) + document
    }

    /// Verifiers must accept both alphabets of base64.
    private static func bytes(_ base64: String) -> [UInt8]? {
        let text = base64.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: text).map { [UInt8]($0) }
    }

    private static let operation = "verify attestation"
}
