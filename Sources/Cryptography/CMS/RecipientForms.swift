/// Checks two details of a RecipientInfo (RFC 5652, 6.2) that OpenSSL does not check: the version, which follows from
/// the form of the rest, and the encoding of an ephemeral key. With these checks every changed bit in an envelope for
/// one known certificate is noticed.
struct RecipientForms: BERVisitor {
    private static let keyTransport: UInt8 = 0x30
    private static let keyAgreement: UInt8 = 0xA1
    /// KEKRecipientInfo: a symmetric key.
    private static let symmetric: UInt8 = 0xA2

    /// The nesting depth: the set itself is 1, a RecipientInfo 2, its fields 3.
    private var depth = 0
    private var form: UInt8 = 0
    private var field = 0
    private var part = KeptElement()
    private var version: [UInt8] = []

    /// - Parameter recipients: an encoded SET OF RecipientInfo.
    static func check(_ recipients: [UInt8]) throws {
        var visitor = RecipientForms()
        var tokenizer = BERTokenizer()
        try tokenizer.consume(recipients.span.bytes, visitor: &visitor)
    }

    mutating func begin(_ element: BERElement) throws {
        depth += 1
        switch depth {
        case 2:
            form = element.identifier
            field = 0
        case 3:
            field += 1
            if field == 2, let expected = expectedVersion(second: element.identifier), version != [2, 1, expected] {
                throw CMSError(.malformed, operation: "read envelope", "a recipient's version does not fit its form")
            }
        default: break
        }
        if part.isOpen || isVersion || isEphemeralKey(element) { try part.begin(element) }
    }

    mutating func content(_ bytes: RawSpan) throws { if part.isOpen { try part.append(bytes) } }

    mutating func end(isIndefinite: Bool) throws {
        if part.isOpen, let whole = try part.end(isIndefinite: isIndefinite) {
            if isVersion { version = whole } else { try checkEphemeralKey(whole) }
        }
        depth -= 1
    }

    private var isVersion: Bool { depth == 3 && field == 1 }

    /// - Parameter second: the identifier of the field after the version; it shows how key transport names its
    ///   recipient.
    private func expectedVersion(second: UInt8) -> UInt8? {
        switch form {
        case Self.keyTransport: second == 0x30 ? 0 : 2
        case Self.keyAgreement: 3
        case Self.symmetric: 4
        default: nil  // a kind of recipient that this module does not decrypt for
        }
    }

    /// True for `originator [0] { originatorKey [1] { algorithm, publicKey BIT STRING } }`.
    private func isEphemeralKey(_ element: BERElement) -> Bool {
        form == Self.keyAgreement && depth == 5 && field == 2 && element.identifier == 3
    }

    /// Accepts whole octets in the uncompressed form only, which every reader must support (RFC 5480, 2.2). The other
    /// forms hold a sign that does not affect a key agreement, so a changed sign would not be noticed.
    private func checkEphemeralKey(_ bitString: [UInt8]) throws {
        let header = bitString.count > 1 && bitString[1] >= 0x80 ? 2 + Int(bitString[1] & 0x7F) : 2
        guard bitString.dropFirst(header).starts(with: [0, 4]) else {
            throw CMSError(
                .unsupported, operation: "read envelope", "a recipient's ephemeral key is not in the uncompressed form")
        }
    }
}
