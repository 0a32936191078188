internal import COpenSSL

/// One OpenSSL object and its only owner.
struct OpenSSLHandle: ~Copyable {
    let pointer: OpaquePointer
    private let free: (OpaquePointer) -> Void

    /// - Returns: nil if OpenSSL returned none: it refused or had no memory.
    init?(_ pointer: OpaquePointer?, _ free: @escaping (OpaquePointer) -> Void) {
        guard let pointer else { return nil }
        self.pointer = pointer
        self.free = free
    }

    deinit { free(pointer) }

    /// A memory BIO that reads `bytes`, which it copies.
    static func reading(_ bytes: [UInt8]) -> OpenSSLHandle {
        let memory = Self.writing()
        let written = bytes.isEmpty ? 0 : BIO_write(memory.pointer, bytes, CInt(bytes.count))
        precondition(written == bytes.count, "BIO_write: out of memory")
        return memory
    }

    /// A memory BIO that collects what is written to it.
    static func writing() -> OpenSSLHandle {
        guard let memory = OpenSSLHandle(BIO_new(BIO_s_mem()), { BIO_free($0) }) else {
            fatalError("BIO_new: out of memory")  // checked: it takes no data
        }
        return memory
    }
}

enum OpenSSL {
    /// Runs one of OpenSSL's printers or encoders into memory.
    static func collect(_ write: (OpaquePointer) -> CInt) -> [UInt8]? {
        let memory = OpenSSLHandle.writing()
        guard write(memory.pointer) > 0 else { return nil }
        var count = 0
        let bytes = dr_bio_bytes(memory.pointer, &count)
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// The encoding that an `i2d_` function makes.
    static func encode(_ i2d: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> CInt) -> [UInt8]? {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d(&bytes)
        defer { dr_openssl_free(bytes) }
        guard count > 0, let bytes else { return nil }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// Returns the object that a `d2i_` function makes, owned by the caller; nil unless it used every byte.
    static func parse(
        _ der: [UInt8], free: @escaping (OpaquePointer) -> Void,
        _ d2i: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?
    ) -> OpenSSLHandle? {
        var consumed = 0
        let object = der.withUnsafeBufferPointer { buffer in
            var next = buffer.baseAddress
            let object = d2i(&next, buffer.count)
            if let base = buffer.baseAddress, let next { consumed = next - base }
            return object
        }
        guard let handle = OpenSSLHandle(object, free), consumed == der.count else { return nil }
        return handle
    }

    /// Returns OpenSSL's reason for the last failure on this thread, and empties the thread's queue of errors.
    static func takeReason() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0, let text = ERR_reason_error_string(code) else { return "refused by OpenSSL" }
        return String(cString: text)
    }

    /// Returns the reason with the data that OpenSSL wrote beside it, such as "Verify error:certificate has expired", and
    /// empties the thread's queue of errors.
    static func takeDetail() -> String {
        var data: UnsafePointer<CChar>?
        let code = ERR_peek_last_error_all(nil, nil, nil, &data, nil)
        let detail = data.map { String(cString: $0) } ?? ""
        let reason = code == 0 ? nil : ERR_reason_error_string(code).map { String(cString: $0) }
        ERR_clear_error()
        return [reason ?? "refused by OpenSSL", detail].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
