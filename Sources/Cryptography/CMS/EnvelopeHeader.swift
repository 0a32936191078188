/// The part of an AuthEnvelopedData (RFC 5083) before its content: the recipients and the encryption of the content.
///
///     ContentInfo ::= SEQUENCE { id-ct-authEnvelopedData, [0] EXPLICIT AuthEnvelopedData }
///     AuthEnvelopedData ::= SEQUENCE { version 0, recipientInfos SET OF RecipientInfo,
///         SEQUENCE { id-data, contentEncryptionAlgorithm, encryptedContent [0] IMPLICIT OCTET STRING }, mac OCTET STRING }
///
/// Not written, and refused when read: originator information, which only static key agreement needs; authenticated
/// attributes, which follow the content although GCM needs them before it; unauthenticated attributes, which have no
/// authenticity.
struct EnvelopeHeader {
    /// The encoded SET OF RecipientInfo.
    var recipients: [UInt8]
    /// The encoded AlgorithmIdentifier of the content's encryption.
    var algorithm: [UInt8]

    /// The size of GCM's authentication tag in bytes.
    static let tagSize = 16
    /// 1.2.840.113549.1.9.16.1.23 (RFC 5083).
    static let authEnvelopedData: [UInt8] = [6, 11, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 16, 1, 23]
    /// 1.2.840.113549.1.7.3 (RFC 5652): the kind without authentication.
    static let envelopedData: [UInt8] = [6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 3]
    /// 1.2.840.113549.1.7.1 (RFC 5652).
    static let data: [UInt8] = [6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1]
    static let version: [UInt8] = [2, 1, 0]

    /// True for AES-256-GCM with a nonce of 12 bytes and a tag of 16 (RFC 5084), which has one encoding except for the
    /// nonce.
    var isAES256GCM: Bool {
        let start: [UInt8] = [
            0x30, 30, 6, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 1, 46, 0x30, 17, 4, 12,
        ]
        let end: [UInt8] = [2, 1, UInt8(Self.tagSize)]
        return algorithm.count == start.count + 12 + end.count && algorithm.starts(with: start)
            && algorithm.suffix(end.count).elementsEqual(end)
    }

    /// The bytes before the content's OCTET STRINGs; every enclosing element has indefinite length.
    var opening: [UInt8] {
        [0x30, 0x80] + Self.authEnvelopedData + [0xA0, 0x80, 0x30, 0x80] + Self.version + recipients
            + [0x30, 0x80] + Self.data + algorithm + [0xA0, 0x80]
    }

    /// Returns the bytes after the content's OCTET STRINGs.
    static func closing(tag: [UInt8]) -> [UInt8] {
        let endOfContents: [UInt8] = [0, 0]
        return endOfContents + endOfContents + [4, UInt8(tag.count)] + tag
            + endOfContents + endOfContents + endOfContents
    }
}
