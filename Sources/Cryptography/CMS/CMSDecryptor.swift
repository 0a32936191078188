/// Decrypts a stream of CMS AuthEnvelopedData with AES-256-GCM content (RFC 5083, 5084) in BER or DER, as
/// ``CMSEncryptor`` and `openssl cms -encrypt -aes-256-gcm -outform DER` write it.
///
/// The plaintext that reaches the sink **is not authenticated until ``finish()`` returns**, because the tag is the last
/// part of the envelope. The caller must stage the plaintext where no program uses it, and delete it on any error.
///
/// Memory: 64 KiB and the header, for any size of the content and its pieces.
package final class CMSDecryptor {
    private let decryption: ContentDecryption
    private var reader: EnvelopeReader
    private var tokenizer = BERTokenizer()
    /// False while bytes are being processed, so that an error is permanent.
    private var isIntact = true

    /// - Parameter sink: called with 1 to 65536 bytes at a time, in order, inside ``write(_:)``.
    package init(with key: some EnvelopeKey, sink: @escaping (RawSpan) throws -> Void) {
        decryption = ContentDecryption(key, sink)
        reader = EnvelopeReader(decryption)
    }

    /// True once the header was read and the key decrypted the content key in it. That proves that the data are addressed
    /// to this key, and nothing about the content.
    package var hasContentKey: Bool { decryption.isOpen }

    /// Decrypts the next bytes of the envelope, any number of them.
    /// - Throws: `CMSError` with `.malformed`, `.unsupported`, `.wrongKey` or `.tooLarge`; or the sink's error. The
    ///   decryptor cannot be used afterwards.
    package func write(_ bytes: RawSpan) throws {
        guard isIntact else { throw CMSError(.failed, operation: "decrypt", "an earlier call failed") }
        isIntact = false
        try tokenizer.consume(bytes, visitor: &reader)
        isIntact = true
    }

    /// Verifies that the sink received all of the encrypted content, and nothing else.
    /// - Throws: `CMSError` with `.authentication`.
    package func finish() throws {
        guard isIntact else { throw CMSError(.failed, operation: "decrypt", "an earlier call failed") }
        isIntact = false
        guard tokenizer.isComplete else {
            throw CMSError(
                .authentication, operation: "decrypt", "the envelope is cut off after \(tokenizer.position) bytes")
        }
        try decryption.finish()
    }
}
