/// Opens a CMS AuthEnvelopedData with AES-256-GCM content (RFC 5083, 5084) in BER or DER as it streams by: what
/// ``CMSEncryptor`` and `openssl cms -encrypt -aes-256-gcm -outform DER` write.
///
/// The plaintext that reaches the sink **is unproved until ``finish()`` returns**: the tag that proves it is the
/// envelope's last part. The caller must stage it where nothing takes it for real, and throw it away on any error.
///
/// Memory: 64 KiB and the header, whatever the size of the content and of its pieces.
package final class CMSDecryptor {
    private let decryption: ContentDecryption
    private var reader: EnvelopeReader
    private var tokenizer = BERTokenizer()
    /// Cleared while bytes are being worked on, so that an error is for good.
    private var isIntact = true

    /// - Parameter sink: called with 1 to 65536 bytes at a time, in order, inside ``write(_:)``.
    package init(with key: RecoveryKey, sink: @escaping (RawSpan) throws -> Void) {
        decryption = ContentDecryption(key, sink)
        reader = EnvelopeReader(decryption)
    }

    /// Takes the envelope's next bytes, any number of them.
    /// - Throws: `CMSError` with `.malformed`, `.unsupported`, `.wrongKey` or `.tooLarge`; or what the sink throws. The
    ///   decryptor is of no use afterwards.
    package func write(_ bytes: RawSpan) throws {
        guard isIntact else { throw CMSError(.failed, operation: "decrypt", "it has failed before") }
        isIntact = false
        try tokenizer.consume(bytes, visitor: &reader)
        isIntact = true
    }

    /// Proves what reached the sink: all of the content that was encrypted, and nothing else.
    /// - Throws: `CMSError` with `.authentication`.
    package func finish() throws {
        guard isIntact else { throw CMSError(.failed, operation: "decrypt", "it has failed before") }
        isIntact = false
        guard tokenizer.isComplete else {
            throw CMSError(
                .authentication, operation: "decrypt", "the envelope is cut off after \(tokenizer.position) bytes")
        }
        try decryption.finish()
    }
}
