internal import Cryptography

/// One piece of a link's byte stream.
///
/// Encoded: length of the payload (4 bytes), kind (1), number (8), CRC-32C of these and of the payload (4), payload.
/// Numbers are big-endian.
struct Frame: Equatable {
    enum Kind: UInt8 {
        /// The first frame of a connection; see ``Hello``. Its number is that of the last message received.
        case hello = 1
        /// A message, with its number.
        case message = 2
        /// The receiver has processed all messages up to the number.
        case acknowledgement = 3
        /// A sign of life.
        case ping = 4
        /// The other side does not accept the connection; the payload is the reason.
        case refusal = 5
    }

    var kind: Kind
    var number: Int
    var payload: [UInt8] = []

    static let headerSize = 17

    func encode(into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(bigEndian: UInt32(clamping: payload.count))
        bytes.append(kind.rawValue)
        bytes.append(bigEndian: UInt64(clamping: number))
        var crc = CRC32C()
        crc.update(bytes.span.bytes.extracting(start..<start + 13))
        crc.update(payload.span.bytes)
        bytes.append(bigEndian: crc.value)
        bytes += payload
    }
}

/// Splits a byte stream into frames.
struct FrameDecoder {
    private var buffer: [UInt8] = []
    private var position = 0

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if position > 0, position == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            position = 0
        } else if position > 1 << 20 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer += bytes
    }

    /// - Returns: nil until a frame is complete.
    /// - Throws: ``LinkError`` `.malformed` if no frame begins here: the stream cannot be used any more.
    mutating func next() throws(LinkError) -> Frame? {
        guard buffer.count - position >= Frame.headerSize else { return nil }
        let length = Int(buffer.bigEndian(UInt32.self, at: position))
        guard length <= Link.longestMessage else { throw LinkError(.malformed, "a frame of \(length) bytes") }
        guard let kind = Frame.Kind(rawValue: buffer[position + 4]),
            let number = Int(exactly: buffer.bigEndian(UInt64.self, at: position + 5))
        else { throw LinkError(.malformed, "an unknown frame") }
        let start = position + Frame.headerSize
        guard buffer.count - start >= length else { return nil }
        var crc = CRC32C()
        crc.update(buffer.span.bytes.extracting(position..<position + 13))
        crc.update(buffer.span.bytes.extracting(start..<start + length))
        guard crc.value == buffer.bigEndian(UInt32.self, at: position + 13) else {
            throw LinkError(.malformed, "a frame was damaged in transfer")
        }
        position = start + length
        return Frame(kind: kind, number: number, payload: Array(buffer[start..<start + length]))
    }
}

/// The payload of a connection's first frame.
struct Hello: Equatable {
    /// The random id of the link, chosen by the coordinator.
    var session: [UInt8]

    private static let magic = Array("dr mover 1\n".utf8)
    static let sessionSize = 16

    var bytes: [UInt8] { Self.magic + session }

    init(session: [UInt8]) { self.session = session }

    /// - Throws: ``LinkError`` `.refused` for another version of the protocol.
    init(_ bytes: [UInt8]) throws(LinkError) {
        guard bytes.starts(with: Self.magic), bytes.count == Self.magic.count + Self.sessionSize else {
            throw LinkError(
                .refused, "the mover's dr speaks another version of the protocol",
                hint: "set `kubernetes: image:` to the image of this version of dr")
        }
        session = Array(bytes.dropFirst(Self.magic.count))
    }
}

extension [UInt8] {
    mutating func append(bigEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    /// - Parameter position: must lie within the bytes.
    func bigEndian<Number: FixedWidthInteger>(_: Number.Type, at position: Int) -> Number {
        withUnsafeBytes { Number(bigEndian: $0.loadUnaligned(fromByteOffset: position, as: Number.self)) }
    }
}
