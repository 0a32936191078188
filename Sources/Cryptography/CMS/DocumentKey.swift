internal import COpenSSL

/// A symmetric key that opens the documents of a repository, but no pack: a host that makes backups holds it to recognise
/// unchanged files. Documents are encrypted to it and to all recipients.
///
/// In an envelope it is a KEKRecipientInfo with AES-256 key wrap (RFC 5652, 6.2.3; RFC 3394), named by its ``id``:
/// `openssl cms -decrypt -inform DER -in FILE -secretkey KEY -secretkeyid ID`.
package final class DocumentKey: EnvelopeKey, @unchecked Sendable {
    // Unchecked: the buffer does not change between `init` and `deinit`, which wipes it.
    private let bytes: UnsafeMutableRawBufferPointer
    /// The first 16 bytes of the key's SHA-256. The key is random, so they show nothing of it.
    package let id: [UInt8]

    package static let size = 32

    private init(copying source: some Collection<UInt8>) {
        bytes = .allocate(byteCount: Self.size, alignment: 1)
        bytes.copyBytes(from: source)
        id = Array(SHA256.hash(bytes.bytes).prefix(16))
    }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    package static func generate() -> DocumentKey { DocumentKey(copying: RandomID.bytes(size)) }

    /// Parses 64 hexadecimal digits; nil for anything else.
    package convenience init?(hex: some StringProtocol) {
        guard let bytes = [UInt8](hex: String(hex)), bytes.count == Self.size else { return nil }
        self.init(copying: bytes)
    }

    /// The key in hexadecimal. It is a secret.
    package var hex: String { Array(bytes).hex }

    package func unwrapContentKey(of envelope: OpaquePointer) throws(CMSError) {
        defer { ERR_clear_error() }
        let key = bytes.assumingMemoryBound(to: UInt8.self)
        guard CMS_decrypt_set1_key(envelope, key.baseAddress, key.count, id, id.count) != 1 else { return }
        throw CMSError(
            .wrongKey, operation: "decrypt", "the document key \(id.hex) belongs to none of the recipients",
            hint: "another machine has the document key of this object; the recovery key opens it as well")
    }

    /// - Returns: false if OpenSSL refuses.
    func add(to envelope: OpaquePointer) -> Bool {
        let key = bytes.assumingMemoryBound(to: UInt8.self)
        guard let start = key.baseAddress else { return false }
        return dr_add_symmetric_recipient(envelope, start, key.count, id, id.count) == 1
    }
}
