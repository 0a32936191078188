internal import COpenSSL

/// A random identity of 128 bits, as 32 lower-case hexadecimal digits. Repositories, packs and runs have one.
package enum RandomID {
    package static func make() -> String { bytes(16).hex }

    /// Returns `count` bytes from OpenSSL's random generator.
    package static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let status = RAND_bytes(buffer.baseAddress, CInt(count))
            precondition(status == 1, "OpenSSL has no source of randomness")
            filled = count
        }
    }
}
