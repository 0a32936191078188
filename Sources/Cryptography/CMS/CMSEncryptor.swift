internal import COpenSSL

/// Encrypts a stream as CMS AuthEnvelopedData with AES-256-GCM (RFC 5083, 5084). The key of any recipient can decrypt
/// it: `openssl cms -decrypt -inform DER -in FILE -inkey recovery.key`.
///
/// The output is BER of indefinite length, with the content in OCTET STRINGs of 64 KiB: 0.01 % longer than the content,
/// and some hundred bytes for each recipient. Memory: one such piece. Without ``finish()`` the output is cut off, and
/// every reader refuses it.
package final class CMSEncryptor {
    /// The number of content bytes in every OCTET STRING but the last.
    private static let pieceSize = 64 << 10
    private static let pieceHeader: [UInt8] = [4, 0x83, 1, 0, 0]
    /// The limit of GCM under one key and nonce (NIST SP 800-38D, 5.2.1.1): 2^39 - 256 bits.
    package static let sizeLimit = 1 << 36 - 32

    private let sink: (RawSpan) throws -> Void
    private let chain: OpenSSLHandle
    private let opening: [UInt8]
    /// Room for an OCTET STRING's header, then ciphertext.
    private var piece = pieceHeader + [UInt8](repeating: 0, count: pieceSize)
    /// The number of ciphertext bytes in `piece`.
    private var filled = 0
    private var total = 0
    private var isOpen = false
    /// False while bytes are being processed, so that an error is permanent.
    private var isIntact = true

    /// - Parameters:
    ///   - recipients: at least one; each can decrypt alone. The encryptor does not check whether a certificate has
    ///     expired.
    ///   - documentKey: can decrypt as well; nil for none.
    ///   - sink: called with at most 64 KiB and 5 bytes at a time, in order, inside ``write(_:)`` and ``finish()``.
    package init(
        to recipients: [RecoveryCertificate], and documentKey: DocumentKey? = nil,
        sink: @escaping (RawSpan) throws -> Void
    ) throws {
        guard !recipients.isEmpty else { throw CMSError(.unsupported, operation: "encrypt", "no recipient is given") }
        guard
            let envelope = OpenSSLHandle(CMS_AuthEnvelopedData_create(EVP_aes_256_gcm()), { CMS_ContentInfo_free($0) })
        else { throw Self.failed() }
        for recipient in recipients { try Self.add(recipient, to: envelope.pointer) }
        if let documentKey, !documentKey.add(to: envelope.pointer) { throw Self.failed() }
        // Chooses key and nonce, and encrypts the key to each recipient.
        chain = try OpenSSL.cipherChain(of: envelope.pointer, operation: "encrypt")
        opening = try Self.header(of: envelope.pointer).opening
        self.sink = sink
    }

    package func write(_ plain: RawSpan) throws {
        try begin()
        guard plain.byteCount <= Self.sizeLimit - total else {
            throw CMSError(
                .tooLarge, operation: "encrypt", "more than 64 GiB, the limit of AES-GCM for one message")
        }
        total += plain.byteCount
        var offset = 0
        while offset < plain.byteCount {
            let count = min(plain.byteCount - offset, Self.pieceSize - filled)
            try encrypt(plain.extracting(offset..<offset + count))
            offset += count
            if filled == Self.pieceSize {
                let whole = piece
                try sink(whole.span.bytes)
                filled = 0
            }
        }
        isIntact = true
    }

    /// Writes the rest and the tag that authenticates the whole content.
    package func finish() throws {
        try begin()
        if filled > 0 {
            var header: [UInt8]
            switch filled {
            case ..<0x80: header = [4, UInt8(filled)]
            case ..<0x100: header = [4, 0x81, UInt8(filled)]
            default: header = [4, 0x82, UInt8(filled >> 8), UInt8(filled & 0xFF)]
            }
            let start = Self.pieceHeader.count
            header += piece[start..<start + filled]
            try sink(header.span.bytes)
        }
        var tag = [UInt8](repeating: 0, count: EnvelopeHeader.tagSize)
        var none: [UInt8] = [0]
        var written: CInt = 0
        guard let cipher = dr_bio_cipher(chain.pointer), EVP_EncryptFinal_ex(cipher, &none, &written) == 1,
            written == 0,
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, CInt(tag.count), &tag) == 1
        else { throw Self.failed() }
        try sink(EnvelopeHeader.closing(tag: tag).span.bytes)
    }

    private func begin() throws {
        guard isIntact else {
            throw CMSError(.failed, operation: "encrypt", "an earlier call failed or finished the envelope")
        }
        isIntact = false
        guard !isOpen else { return }
        let opening = opening
        try sink(opening.span.bytes)
        isOpen = true
    }

    /// - Parameter plain: must fit into the rest of the piece.
    private func encrypt(_ plain: RawSpan) throws {
        guard let cipher = dr_bio_cipher(chain.pointer) else { throw Self.failed() }
        let start = Self.pieceHeader.count + filled
        var written: CInt = 0
        let status = plain.withUnsafeBytes { source in
            piece.withUnsafeMutableBufferPointer { target in
                EVP_EncryptUpdate(
                    cipher, target.baseAddress?.advanced(by: start), &written,
                    source.bindMemory(to: UInt8.self).baseAddress, CInt(source.count))
            }
        }
        guard status == 1, Int(written) == plain.byteCount else { throw Self.failed() }
        filled += plain.byteCount
    }

    private static func add(_ recipient: RecoveryCertificate, to envelope: OpaquePointer) throws {
        let certificate = try recipient.x509.makeHandle()
        guard let info = CMS_add1_recipient_cert(envelope, certificate.pointer, UInt32(CMS_KEY_PARAM)),
            let parameters = CMS_RecipientInfo_get0_pkey_ctx(info)
        else { throw failed() }
        // The defaults of OpenSSL are PKCS #1 v1.5 and SHA-1.
        let isSet =
            switch recipient.transport {
            case .encryption:
                EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_OAEP_PADDING) > 0
                    && EVP_PKEY_CTX_set_rsa_oaep_md(parameters, EVP_sha256()) > 0
                    && EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, EVP_sha256()) > 0
            case .agreement:
                EVP_PKEY_CTX_set_ecdh_kdf_md(parameters, EVP_sha256()) > 0
            }
        guard isSet else { throw failed() }
    }

    /// Returns the header of the envelope. OpenSSL encodes the envelope, which is complete except for content and tag.
    private static func header(of envelope: OpaquePointer) throws -> EnvelopeHeader {
        guard let encoded = OpenSSL.encode({ i2d_CMS_ContentInfo(envelope, $0) }) else { throw failed() }
        var parts = HeaderParts()
        var tokenizer = BERTokenizer()
        try tokenizer.consume(encoded.span.bytes, visitor: &parts)
        return EnvelopeHeader(recipients: parts.recipients, algorithm: parts.algorithm)
    }

    private static func failed() -> CMSError { CMSError(.failed, operation: "encrypt", OpenSSL.takeReason()) }
}

/// Extracts, by their position, the parts that vary from an envelope that OpenSSL made.
private struct HeaderParts: BERVisitor {
    var recipients: [UInt8] = []
    var algorithm: [UInt8] = []
    private var depth = 0
    private var part = KeptElement()

    mutating func begin(_ element: BERElement) throws {
        depth += 1
        switch (depth, element.identifier) {
        case (4, 0x31), (5, 0x30): try part.begin(element)
        default: if part.isOpen { try part.begin(element) }
        }
    }

    mutating func content(_ bytes: RawSpan) throws { if part.isOpen { try part.append(bytes) } }

    mutating func end(isIndefinite: Bool) throws {
        if part.isOpen, let whole = try part.end(isIndefinite: isIndefinite) {
            if depth == 4 { recipients = whole } else { algorithm = whole }
        }
        depth -= 1
    }
}
