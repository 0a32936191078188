internal import Cryptography

/// Reads a range of a file once, from front to back, through a buffer of fixed size. It decodes the integers of the
/// TSDB formats and computes checksums.
///
/// For any bytes, a call either returns or throws ``BlockDefect``; memory is limited to `capacity`.
struct FileWindow: ~Copyable {
    let file: BlockFile
    /// File offset at which the range ends.
    let end: Int
    private let buffer: UnsafeMutableRawBufferPointer
    /// File offset of the buffer's first byte.
    private var base: Int
    /// The buffer holds bytes 0 ..< filled; next ..< filled are not read yet.
    private var next = 0
    private var filled = 0
    private var sum: CRC32C?
    /// Bytes before this one are in `sum`.
    private var summed = 0

    /// - Parameters:
    ///   - range: must lie within the file.
    ///   - capacity: bytes of buffer; at least 16.
    init(_ file: BlockFile, _ range: Range<Int>, capacity: Int) {
        self.file = file
        end = range.upperBound
        base = range.lowerBound
        buffer = .allocate(byteCount: max(16, min(capacity, range.count)), alignment: 64)
    }

    deinit { buffer.deallocate() }

    /// File offset of the next byte.
    var position: Int { base + next }
    var remaining: Int { end - position }

    func defect(_ detail: String) -> BlockDefect { file.defect(detail) }

    // MARK: Integers

    mutating func byte() throws -> UInt8 {
        try need(1)
        defer { next += 1 }
        return buffer[next]
    }

    mutating func be32() throws -> UInt32 {
        try need(4)
        defer { next += 4 }
        return UInt32(bigEndian: buffer.loadUnaligned(fromByteOffset: next, as: UInt32.self))
    }

    mutating func be64() throws -> UInt64 {
        try need(8)
        defer { next += 8 }
        return UInt64(bigEndian: buffer.loadUnaligned(fromByteOffset: next, as: UInt64.self))
    }

    /// An unsigned LEB128 number, as Go's `binary.Uvarint` reads it.
    @inline(__always)
    mutating func uvarint() throws -> UInt64 {
        // Most numbers of an index are below 128.
        if next < filled, buffer[next] < 0x80 {
            next += 1
            return UInt64(buffer[next - 1])
        }
        return try longUvarint()
    }

    private mutating func longUvarint() throws -> UInt64 {
        if filled - next < 10 { try need(min(10, remaining)) }
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while next < filled {
            let byte = buffer[next]
            next += 1
            guard byte >= 0x80 else {
                guard shift < 63 || byte <= 1 else { break }
                return value | UInt64(byte) << shift
            }
            value |= UInt64(byte & 0x7F) << shift
            shift += 7
            if shift > 63 { break }
        }
        throw defect("at \(position): the variable-length number is not valid")
    }

    /// A zig-zag LEB128 number, as Go's `binary.Varint` reads it.
    mutating func varint() throws -> Int64 {
        let value = try uvarint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A count of elements of at least one byte each, or of bytes: never more than the rest of the range.
    mutating func count() throws -> Int {
        let start = position
        let value = try uvarint()
        guard value <= UInt64(remaining) else {
            throw defect("at \(start): a count of \(value), but only \(remaining) bytes are left")
        }
        return Int(value)
    }

    // MARK: Bytes

    mutating func skip(_ count: Int) throws {
        var left = count
        while left > filled - next {
            left -= filled - next
            next = filled
            try need(min(left, buffer.count))
        }
        next += left
    }

    /// Replaces `copy` with the next `count` bytes, of which at most `limit` are kept.
    mutating func copy(_ count: Int, limit: Int, to copy: inout [UInt8]) throws {
        copy.removeAll(keepingCapacity: true)
        var left = min(count, limit)
        let rest = count - left
        while left > 0 {
            try need(1)
            let piece = min(left, filled - next)
            copy.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[next..<next + piece]))
            next += piece
            left -= piece
        }
        try skip(rest)
    }

    /// Skips padding up to `offset`, all of which must be zero: no checksum covers it.
    mutating func padding(to offset: Int) throws {
        guard offset >= position, offset <= end else {
            throw defect("at \(position): runs past \(offset), where the next part begins")
        }
        while position < offset {
            let at = position
            guard try byte() == 0 else { throw defect("at \(at): padding is not zero") }
        }
    }

    // MARK: Checksums

    /// Starts a CRC-32C at the next byte.
    mutating func beginSum() {
        sum = CRC32C()
        summed = next
    }

    /// The CRC-32C of all bytes read since ``beginSum()``.
    mutating func endSum() -> UInt32 {
        sumUp()
        defer { sum = nil }
        return sum?.value ?? 0
    }

    /// Ends the sum and compares it with the BE32 that follows.
    mutating func checkSum(of what: String, at offset: Int) throws {
        let computed = endSum()
        let stored = try be32()
        guard computed == stored else {
            throw defect("\(what) at \(offset): \(checksumText(computed: computed, stored: stored))")
        }
    }

    /// Compares the CRC-32C of the next `count` bytes with the BE32 after them. All of them remain unread.
    mutating func checkSumAhead(of what: String, at offset: Int, _ count: Int) throws {
        guard count + 4 <= remaining else {
            throw defect("\(what) at \(offset): a length of \(count) bytes, but only \(remaining) are left")
        }
        guard count + 4 <= buffer.count else {
            // Longer than the buffer: read it once for the sum and, through this window, again for its content.
            var ahead = FileWindow(file, position..<position + count + 4, capacity: buffer.count)
            ahead.beginSum()
            try ahead.skip(count)
            return try ahead.checkSum(of: what, at: offset)
        }
        try need(count + 4)
        let computed = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: buffer[next..<next + count]).bytes)
        let stored = UInt32(bigEndian: buffer.loadUnaligned(fromByteOffset: next + count, as: UInt32.self))
        guard computed == stored else {
            throw defect("\(what) at \(offset): \(checksumText(computed: computed, stored: stored))")
        }
    }

    private mutating func sumUp() {
        sum?.update(UnsafeRawBufferPointer(rebasing: buffer[summed..<next]).bytes)
        summed = next
    }

    // MARK: Buffer

    /// Fills the buffer so that it holds `count` bytes, no more than the capacity.
    @inline(__always)
    private mutating func need(_ count: Int) throws {
        if filled - next < count { try refill(count) }
    }

    private mutating func refill(_ count: Int) throws {
        guard count <= remaining else { throw defect("at \(position): the data end early, at \(end)") }
        sumUp()
        let kept = filled - next
        if kept > 0, let start = buffer.baseAddress { start.copyMemory(from: start + next, byteCount: kept) }
        base += next
        next = 0
        summed = 0
        filled = kept
        while filled < count {
            let wanted = min(buffer.count - filled, end - base - filled)
            let read = try file.read(into: .init(rebasing: buffer[filled..<filled + wanted]), at: base + filled)
            guard read > 0 else {
                throw defect("at \(base + filled): the data end early; the file is shorter than when it was opened")
            }
            filled += read
        }
    }
}
