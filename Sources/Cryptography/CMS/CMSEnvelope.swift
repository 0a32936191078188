/// Envelopes of documents, which fit in memory.
package enum CMSEnvelope {
    /// - Returns: `plain` as ``CMSEncryptor`` encrypts it.
    package static func seal(
        _ plain: [UInt8], to recipients: [RecoveryCertificate], and documentKey: DocumentKey? = nil
    ) throws -> [UInt8] {
        var sealed: [UInt8] = []
        sealed.reserveCapacity(plain.count + 1024)
        let encryptor = try CMSEncryptor(to: recipients, and: documentKey) { piece in
            piece.withUnsafeBytes { sealed.append(contentsOf: $0) }
        }
        try encryptor.write(plain.span.bytes)
        try encryptor.finish()
        return sealed
    }

    /// - Returns: the content, which is authentic: its tag was checked.
    /// - Throws: `CMSError`, see ``CMSDecryptor``; `.tooLarge` for a content above `limit` bytes.
    package static func open(_ sealed: [UInt8], with key: some EnvelopeKey, limit: Int) throws -> [UInt8] {
        var plain: [UInt8] = []
        let decryptor = CMSDecryptor(with: key) { piece in
            guard piece.byteCount <= limit - plain.count else {
                throw CMSError(.tooLarge, operation: "decrypt", "its content is longer than \(limit) bytes")
            }
            piece.withUnsafeBytes { plain.append(contentsOf: $0) }
        }
        try decryptor.write(sealed.span.bytes)
        try decryptor.finish()
        return plain
    }
}
