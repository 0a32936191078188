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

    /// The bytes before the payload.
    var header: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerSize)
        bytes.append(bigEndian: UInt32(clamping: payload.count))
        bytes.append(kind.rawValue)
        bytes.append(bigEndian: UInt64(clamping: number))
        var crc = CRC32C()
        crc.update(bytes.span.bytes)
        crc.update(payload.span.bytes)
        bytes.append(bigEndian: crc.value)
        return bytes
    }

    /// Appends the frame to pieces that are sent one after another. The payload is not copied.
    func encode(into pieces: inout [[UInt8]]) {
        pieces.append(header)
        if !payload.isEmpty { pieces.append(payload) }
    }
}

/// Splits a byte stream into frames. Copies each byte of a payload once.
struct FrameDecoder {
    private var header: [UInt8] = []
    private var kind = Frame.Kind.ping
    private var number = 0
    /// The length of the payload; nil until the header is complete.
    private var length: Int?
    private var payload: [UInt8] = []

    /// Takes bytes of the stream, and appends the frames that they complete to `frames`.
    /// - Throws: ``LinkError`` `.malformed` if no frame begins here: the stream cannot be used any more.
    mutating func take(_ bytes: RawSpan, into frames: inout [Frame]) throws(LinkError) {
        var rest = bytes
        while true {
            if length == nil {
                Self.move(from: &rest, to: &header, until: Frame.headerSize)
                guard header.count == Frame.headerSize else { return }
                try beginPayload()
            }
            guard let length else { return }
            Self.move(from: &rest, to: &payload, until: length)
            guard payload.count == length else { return }
            frames.append(try endFrame())
        }
    }

    private static func move(from bytes: inout RawSpan, to buffer: inout [UInt8], until length: Int) {
        let part = bytes.extracting(first: length - buffer.count)
        part.withUnsafeBytes { buffer.append(contentsOf: $0) }
        bytes = bytes.extracting(droppingFirst: part.byteCount)
    }

    private mutating func beginPayload() throws(LinkError) {
        let length = Int(header.bigEndian(UInt32.self, at: 0))
        guard length <= Link.longestMessage else { throw LinkError(.malformed, "a frame of \(length) bytes") }
        guard let kind = Frame.Kind(rawValue: header[4]),
            let number = Int(exactly: header.bigEndian(UInt64.self, at: 5))
        else { throw LinkError(.malformed, "an unknown frame") }
        (self.kind, self.number, self.length) = (kind, number, length)
        payload = []
        payload.reserveCapacity(length)
    }

    private mutating func endFrame() throws(LinkError) -> Frame {
        let frame = Frame(kind: kind, number: number, payload: payload)
        guard frame.header == header else { throw LinkError(.malformed, "a frame was damaged in transfer") }
        header.removeAll(keepingCapacity: true)
        payload = []
        length = nil
        return frame
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
