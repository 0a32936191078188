internal import COpenSSL

/// HMAC-SHA256 (RFC 2104, FIPS 198-1) over OpenSSL.
package enum HMAC {
    /// - Returns: the 32-byte authentication code of `message` under `key`, a key of any length.
    package static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            var length: UInt32 = 0
            let result = COpenSSL.HMAC(
                EVP_sha256(), key, CInt(key.count), message, message.count, buffer.baseAddress, &length)
            precondition(result != nil && length == 32)
            count = 32
        }
    }
}
