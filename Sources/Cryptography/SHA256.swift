internal import COpenSSL

/// An incremental SHA-256 (FIPS 180-4) over OpenSSL's EVP interface.
package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// Fetched once, never freed, and only read. With `EVP_sha256`, OpenSSL 3 looks the algorithm up under a lock each
    /// time, which costs as much as hashing a small file.
    private nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else {
            fatalError("SHA-256 missing from this OpenSSL")  // checked: it takes no data
        }
        return algorithm
    }()

    package init() {
        guard let context = EVP_MD_CTX_new() else {
            fatalError("EVP_MD_CTX_new: out of memory")  // checked: it takes no data
        }
        self.context = context
        let started = EVP_DigestInit_ex(context, Self.algorithm, nil)
        precondition(started == 1)
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { buffer in
            let updated = EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
            precondition(updated == 1)
        }
    }

    /// Ends the computation: the hasher is consumed, so it cannot be updated afterwards.
    /// - Returns: the 32-byte digest.
    package consuming func finalize() -> [UInt8] { digest() }

    private func digest() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            let finished = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(finished == 1)
            count = 32
        }
    }

    package static func hash(_ bytes: RawSpan) -> [UInt8] {
        var hasher = SHA256()
        return hasher.digest(of: bytes)
    }

    /// Returns the digest of `bytes` alone, without any earlier input. Use one hasher for many digests: making its
    /// context costs as much as hashing a kilobyte.
    package mutating func digest(of bytes: RawSpan) -> [UInt8] {
        let restarted = EVP_DigestInit_ex(context, Self.algorithm, nil)
        precondition(restarted == 1)
        update(bytes)
        return digest()
    }
}
