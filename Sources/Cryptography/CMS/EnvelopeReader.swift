/// Finds the parts of an envelope among its elements and passes them to the decryption in order.
struct EnvelopeReader: BERVisitor {
    private enum Part {
        case contentInfo, contentType, explicit, envelope, version, recipients
        case encryptedContentInfo, innerType, algorithm, content, contentEnd, tag, end
    }

    private let decryption: ContentDecryption
    private var expected = Part.contentInfo
    private var recipients: [UInt8] = []

    /// The small part being read.
    private var part = KeptElement()
    /// The number of open elements of the encrypted content, its outermost included.
    private var contentDepth = 0

    init(_ decryption: ContentDecryption) { self.decryption = decryption }

    mutating func begin(_ element: BERElement) throws {
        if part.isOpen { return try part.begin(element) }
        if contentDepth > 0 {
            // X.690 8.7: the pieces are OCTET STRINGs, which can consist of pieces themselves.
            guard element.identifier & ~0x20 == 4 else { throw malformed("the content contains other elements") }
            contentDepth += 1
            return
        }
        switch (expected, element.identifier) {
        case (.contentInfo, 0x30): expected = .contentType
        case (.explicit, 0xA0): expected = .envelope
        case (.envelope, 0x30): expected = .version
        case (.encryptedContentInfo, 0x30): expected = .innerType
        case (.content, 0x80), (.content, 0xA0): contentDepth = 1
        case (.contentType, 6), (.version, 2), (.recipients, 0x31), (.innerType, 6), (.algorithm, 0x30), (.tag, 4):
            try part.begin(element)
        case (.recipients, 0xA0): throw unsupported("it carries originator information")
        case (.tag, 0xA1): throw unsupported("it carries authenticated attributes")
        case (.end, 0xA2): throw unsupported("it carries unauthenticated attributes")
        default: throw malformed("element \([element.identifier].hex) instead of the \(name(of: expected))")
        }
    }

    mutating func content(_ bytes: RawSpan) throws {
        if part.isOpen {
            try part.append(bytes)
        } else {
            // Outside the small parts, only the content is primitive.
            try decryption.update(bytes)
        }
    }

    mutating func end(isIndefinite: Bool) throws {
        if part.isOpen {
            if let whole = try part.end(isIndefinite: isIndefinite) { try take(whole) }
        } else if contentDepth > 0 {
            contentDepth -= 1
            if contentDepth == 0 { expected = .contentEnd }
        } else if expected == .contentEnd {
            expected = .tag
        } else if expected != .end {
            throw malformed("it ends without its \(name(of: expected))")
        }
    }

    /// - Parameter element: the encoding of the expected part.
    private mutating func take(_ element: [UInt8]) throws {
        switch expected {
        case .contentType:
            if element == EnvelopeHeader.envelopedData { throw unsupported("its content is not authenticated") }
            guard element == EnvelopeHeader.authEnvelopedData else { throw malformed("it is not an envelope") }
            expected = .explicit
        case .version:
            guard element == EnvelopeHeader.version else { throw unsupported("it has a newer version") }
            expected = .recipients
        case .recipients:
            recipients = element
            expected = .encryptedContentInfo
        case .innerType:
            guard element == EnvelopeHeader.data else { throw unsupported("its content is not plain data") }
            expected = .algorithm
        case .algorithm:
            try decryption.open(EnvelopeHeader(recipients: recipients, algorithm: element))
            expected = .content
        case .tag:
            guard element.count == 2 + EnvelopeHeader.tagSize, element[1] == UInt8(EnvelopeHeader.tagSize) else {
                throw unsupported("its authentication tag is not of 128 bits")
            }
            decryption.tag = Array(element[2...])
            expected = .end
        default: preconditionFailure("kept a part that is not small")  // checked: its own choice
        }
    }

    private func name(of part: Part) -> String {
        switch part {
        case .contentInfo, .explicit, .envelope: "envelope"
        case .contentType, .innerType: "content type"
        case .version: "version"
        case .recipients: "recipients"
        case .encryptedContentInfo, .content: "encrypted content"
        case .algorithm: "content encryption algorithm"
        case .tag: "authentication tag"
        case .contentEnd, .end: "end"
        }
    }

    private func malformed(_ detail: String) -> CMSError { CMSError(.malformed, operation: "read envelope", detail) }
    private func unsupported(_ detail: String) -> CMSError {
        CMSError(.unsupported, operation: "read envelope", detail)
    }
}
