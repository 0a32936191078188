/// A message of a conversation: kind (1 byte), number of the call (4 bytes), body.
struct CallMessage {
    enum Kind: UInt8 {
        /// Begins a call; the body is its request, as JSON.
        case open = 1
        /// A piece of data.
        case piece = 2
        /// The receiver has room for more pieces; the body is their number, 4 bytes.
        case credit = 3
        /// The sender's last message of the call; the body is its result, as JSON.
        case done = 4
        /// The call failed, or was given up; the body is a ``CallFailure``, as JSON.
        case failed = 5
    }

    var kind: Kind
    var call: UInt32
    /// A part of the message that arrived, so that taking it needs no copy.
    var body: ArraySlice<UInt8>

    static let headerSize = 5
    /// The longest piece of data in bytes.
    static let longestPiece = 256 << 10
    /// The longest request or result in bytes.
    static let longestBody = Link.longestMessage - headerSize
    /// The number of pieces that a side sends without waiting for credit.
    static let window = 16

    /// Encodes a message with one copy of its body.
    static func encode(_ kind: Kind, of call: UInt32, _ body: RawSpan) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerSize + body.byteCount)
        bytes.append(kind.rawValue)
        bytes.append(bigEndian: call)
        body.withUnsafeBytes { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// - Throws: ``LinkError`` `.malformed`.
    init(_ bytes: [UInt8]) throws(LinkError) {
        guard bytes.count >= Self.headerSize, let kind = Kind(rawValue: bytes[0]) else {
            throw LinkError(.malformed, "an unknown message")
        }
        self.kind = kind
        call = bytes.bigEndian(UInt32.self, at: 1)
        body = bytes[Self.headerSize...]
    }
}
