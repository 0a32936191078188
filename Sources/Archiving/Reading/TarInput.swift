internal import Glibc
internal import Platform

/// The bytes of a tar archive for libarchive: pieces of the stored archive, decompressed if they are gzip.
///
/// It decompresses itself, because libarchive does not limit the size of the plain data.
final class TarInput {
    private let next: () throws -> [UInt8]?
    private let limits: ArchiveLimits
    /// Nil until the first bytes have shown the format, and for an archive that is not compressed.
    private var gzip: GzipReader?
    private var isFormatKnown = false
    private var head: [UInt8] = []
    /// The rest of the stored piece.
    private var piece: ArraySlice<UInt8> = []
    /// Bytes of tar that libarchive has not read yet.
    private var pending: [UInt8] = []
    private var isAtEnd = false
    /// The bytes that libarchive reads; they stay in place until its next call.
    private let space: UnsafeMutableRawBufferPointer
    /// Bytes of the archive as it is stored.
    private(set) var stored = 0
    /// Bytes of tar.
    private(set) var plain = 0
    /// A Swift error cannot cross a C frame: it is kept here until libarchive returns.
    var failure: (any Error)?

    private static let gzipMagic: [UInt8] = [0x1F, 0x8B]
    private static let capacity = 256 << 10

    /// - Parameter next: returns the next piece of the stored archive; nil at its end.
    init(limits: ArchiveLimits, _ next: @escaping () throws -> [UInt8]?) {
        self.limits = limits
        self.next = next
        space = .allocate(byteCount: Self.capacity, alignment: 16)
    }

    deinit { space.deallocate() }

    /// Returns the next bytes of tar; empty at the end of the stream.
    func read() throws -> UnsafeRawBufferPointer {
        while pending.isEmpty, !isAtEnd {
            try Task.checkCancellation()
            if piece.isEmpty {
                guard let more = try next() else {
                    try end()
                    break
                }
                piece = more[...]
            }
            // In slices, because a small one can decompress to a thousand times its size.
            let slice = piece.prefix(Self.slice)
            piece = piece.dropFirst(Self.slice)
            stored += slice.count
            try take(slice)
        }
        let count = min(pending.count, Self.capacity)
        guard count > 0 else { return UnsafeRawBufferPointer(start: space.baseAddress, count: 0) }
        pending.withUnsafeBytes { space.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        pending.removeFirst(count)
        return UnsafeRawBufferPointer(rebasing: space.prefix(count))
    }

    private static let slice = 16 << 10

    private func take(_ bytes: ArraySlice<UInt8>) throws {
        guard isFormatKnown else {
            head += bytes
            guard head.count >= Self.gzipMagic.count else { return }
            isFormatKnown = true
            if head.starts(with: Self.gzipMagic) { gzip = GzipReader() }
            let all = head
            head = []
            return try take(all[...])
        }
        let before = pending.count
        if let gzip {
            // A local copy: the closure must not use the property that this call changes.
            var output = pending
            pending = []
            Array(bytes).withUnsafeBytes {
                gzip.write($0.bytes) { piece in
                    piece.withUnsafeBytes { output.append(contentsOf: $0) }
                }
            }
            pending = output
        } else {
            pending += bytes
        }
        plain += pending.count - before
        try check(plain)
    }

    /// - Parameter unpacked: bytes that the part of the archive that was read so far unpacks to.
    /// - Throws: ``ArchiveRefusal`` `.tooLarge` if they are more than the limits allow.
    func check(_ unpacked: Int) throws {
        let most = min(limits.plainBytes, max(limits.freeExpansion, stored.multipliedClamped(by: limits.expansion)))
        guard unpacked <= most else {
            throw ArchiveRefusal(.tooLarge, path: "", "it unpacks to more than \(most) bytes")
        }
    }

    private func end() throws {
        isAtEnd = true
        do { try gzip?.finish() } catch {
            throw ArchiveRefusal(.truncated, path: "", "its gzip data are damaged or truncated")
        }
    }
}
