internal import COpenSSL

/// The decryption of one envelope's content: opened by its header, fed with ciphertext, verified by its tag.
final class ContentDecryption {
    private let key: any EnvelopeKey
    private let sink: (RawSpan) throws -> Void
    /// OpenSSL's cipher as part of the chain that owns it; nil before the header.
    private var chain: OpenSSLHandle?
    private var plain = [UInt8](repeating: 0, count: 64 << 10)
    /// The tag, which follows the content in the envelope.
    var tag: [UInt8] = []

    var isOpen: Bool { chain != nil }

    init(_ key: any EnvelopeKey, _ sink: @escaping (RawSpan) throws -> Void) {
        self.key = key
        self.sink = sink
    }

    /// Finds the content key. OpenSSL reads the recipients from a stand-in for the envelope, with the same header but
    /// without content and tag. So OpenSSL unwraps the key and sets up the cipher without holding the content.
    func open(_ header: EnvelopeHeader) throws {
        guard header.isAES256GCM else {
            throw CMSError(
                .unsupported, operation: "read envelope",
                "its content encryption is not AES-256-GCM with a nonce of 96 bits and a tag of 128")
        }
        try RecipientForms.check(header.recipients)
        let noTag = [UInt8](repeating: 0, count: EnvelopeHeader.tagSize)
        let standIn = header.opening + EnvelopeHeader.closing(tag: noTag)
        guard
            let envelope = OpenSSL.parse(
                standIn, free: { CMS_ContentInfo_free($0) }, { d2i_CMS_ContentInfo(nil, $0, $1) })
        else {
            throw CMSError(.malformed, operation: "read envelope", "its recipients: \(OpenSSL.takeReason())")
        }
        try key.unwrapContentKey(of: envelope.pointer)
        chain = try OpenSSL.cipherChain(of: envelope.pointer, operation: "decrypt")
    }

    func update(_ ciphertext: RawSpan) throws {
        let cipher = try cipher()
        var offset = 0
        while offset < ciphertext.byteCount {
            let piece = ciphertext.extracting(offset..<min(offset + plain.count, ciphertext.byteCount))
            offset += piece.byteCount
            var written: CInt = 0
            let status = piece.withUnsafeBytes { source in
                EVP_DecryptUpdate(
                    cipher, &plain, &written, source.bindMemory(to: UInt8.self).baseAddress, CInt(source.count))
            }
            guard status == 1 else { throw CMSError(.failed, operation: "decrypt", OpenSSL.takeReason()) }
            let result = plain
            try sink(result.span.bytes.extracting(0..<Int(written)))
        }
    }

    /// Compares the tag computed over the decrypted content with the received one.
    /// - Throws: `.authentication`.
    func finish() throws {
        let cipher = try cipher()
        precondition(tag.count == EnvelopeHeader.tagSize)
        var none: [UInt8] = [0]
        var written: CInt = 0
        guard EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, CInt(tag.count), &tag) == 1,
            EVP_DecryptFinal_ex(cipher, &none, &written) == 1, written == 0
        else {
            ERR_clear_error()
            throw CMSError(
                .authentication, operation: "decrypt",
                "the content, its key or its tag was changed, or the key is wrong",
                hint: "delete the data decrypted so far: they are not authenticated")
        }
    }

    private func cipher() throws -> OpaquePointer {
        guard let chain = chain?.pointer, let cipher = dr_bio_cipher(chain) else {
            throw CMSError(.malformed, operation: "decrypt", "the content comes before its key")
        }
        return cipher
    }
}

extension OpenSSL {
    /// The cipher for an envelope's content, as a BIO chain for ``dr_bio_cipher``. That function never reads or writes
    /// through the chain itself, whose far end is a null BIO.
    static func cipherChain(of envelope: OpaquePointer, operation: String) throws(CMSError) -> OpenSSLHandle {
        let end = BIO_new(BIO_s_null())
        guard let chain = CMS_dataInit(envelope, end) else {
            BIO_free(end)
            throw CMSError(.failed, operation: operation, OpenSSL.takeReason())
        }
        guard let handle = OpenSSLHandle(chain, BIO_free_all), dr_bio_cipher(chain) != nil else {
            throw CMSError(.failed, operation: operation, "OpenSSL has no cipher")
        }
        return handle
    }
}
