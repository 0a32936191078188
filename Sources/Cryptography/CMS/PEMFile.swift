internal import COpenSSL
internal import Glibc
internal import SystemPackage

/// A PEM file (RFC 7468) of certificates or of a key, which is small and therefore read whole.
enum PEMFile {
    private static let limit = 1 << 20

    /// - Parameter kind: the name of the content in messages: "certificate".
    static func read(_ path: String, as kind: String) throws(CMSError) -> [UInt8] {
        let operation = "read \(kind) '\(path)'"
        guard let file = OpenSSLHandle(BIO_new_file(path, "r"), { BIO_free($0) }) else {
            let number = errno  // OpenSSL opens files with fopen
            ERR_clear_error()
            throw CMSError(.unreadable, operation: operation, Errno(rawValue: number).description.lowercased())
        }
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = max(0, Int(BIO_read(file.pointer, buffer.baseAddress, CInt(limit))))
        }
        guard bytes.count < limit else { throw CMSError(.tooLarge, operation: operation, "more than 1 MiB") }
        return bytes
    }
}
