/// The start of one ASN.1 element.
struct BERElement {
    /// The identifier octet: class, constructed bit and tag number.
    let identifier: UInt8
    /// The length of the content in bytes; nil for the indefinite form, which an end-of-contents element closes.
    let length: Int?
    /// The identifier and length octets, unchanged.
    let header: [UInt8]

    var isConstructed: Bool { identifier & 0x20 != 0 }
}

/// Receives the elements that a ``BERTokenizer`` finds, in order.
protocol BERVisitor {
    mutating func begin(_ element: BERElement) throws
    /// Receives a piece of the content of the primitive element that began last.
    mutating func content(_ bytes: RawSpan) throws
    /// Receives the end of the innermost open element.
    /// - Parameter isIndefinite: true if two zero octets ended it.
    mutating func end(isIndefinite: Bool) throws
}

/// Walks the tag-length-value structure of the Basic Encoding Rules (X.690 section 8) of one element that arrives in
/// pieces of any size. It keeps one header and a stack of at most ``depthLimit`` elements, for any lengths.
struct BERTokenizer {
    static let depthLimit = 32

    private struct Open {
        /// The end of the element; nil until its end-of-contents is read.
        var end: Int?
        /// The end of the nearest enclosing definite element.
        var limit: Int
        var isConstructed: Bool
    }

    private var open: [Open] = []
    private var header: [UInt8] = []
    /// The number of bytes consumed so far.
    private(set) var position = 0
    /// True if the outermost element has ended.
    private(set) var isComplete = false

    mutating func consume(_ bytes: RawSpan, visitor: inout some BERVisitor) throws {
        var offset = 0
        while offset < bytes.byteCount {
            guard !isComplete else { throw malformed("bytes follow its end") }
            if let top = open.last, !top.isConstructed, let end = top.end {
                let count = min(bytes.byteCount - offset, end - position)
                try visitor.content(bytes.extracting(offset..<offset + count))
                offset += count
                position += count
                try close(&visitor)
            } else {
                header.append(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
                offset += 1
                position += 1
                guard let element = try parseHeader() else { continue }
                header.removeAll(keepingCapacity: true)
                try begin(element, &visitor)
            }
        }
    }

    /// Returns the element that ``header`` begins; nil if it needs more octets.
    private func parseHeader() throws -> BERElement? {
        let identifier = header[0]
        guard identifier & 0x1F != 0x1F else { throw malformed("a tag number above 30") }
        // X.690 8.9.1 and 8.11.1; OpenSSL accepts both.
        guard identifier != 0x10, identifier != 0x11 else { throw malformed("a primitive sequence or set") }
        guard header.count > 1 else { return nil }
        let first = header[1]
        if first < 0x80 { return BERElement(identifier: identifier, length: Int(first), header: header) }
        if first == 0x80 {
            guard identifier & 0x20 != 0 else { throw malformed("a primitive element of indefinite length") }
            return BERElement(identifier: identifier, length: nil, header: header)
        }
        let count = Int(first & 0x7F)
        guard count <= 8 else { throw malformed("a length of more than 8 octets") }
        guard header.count == 2 + count else { return nil }
        let length = header[2...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let length = Int(exactly: length) else { throw malformed("a length out of range") }
        return BERElement(identifier: identifier, length: length, header: header)
    }

    private mutating func begin(_ element: BERElement, _ visitor: inout some BERVisitor) throws {
        let limit = open.last?.limit ?? .max
        guard position <= limit else { throw malformed("an element longer than the enclosing one") }
        if element.identifier == 0 {
            guard element.length == 0, let top = open.last, top.end == nil else {
                throw malformed("a misplaced end of contents")
            }
            open[open.count - 1].end = position
            return try close(&visitor, isIndefinite: true)
        }
        guard open.count < Self.depthLimit else { throw malformed("nested too deeply") }
        var end: Int?
        if let length = element.length {
            let (sum, overflow) = position.addingReportingOverflow(length)
            guard !overflow, sum <= limit else { throw malformed("an element longer than the enclosing one") }
            end = sum
        }
        try visitor.begin(element)
        open.append(Open(end: end, limit: end ?? limit, isConstructed: element.isConstructed))
        try close(&visitor)
    }

    /// Ends every element that the current position completes.
    private mutating func close(_ visitor: inout some BERVisitor, isIndefinite: Bool = false) throws {
        var isIndefinite = isIndefinite
        while let end = open.last?.end, end == position {
            open.removeLast()
            try visitor.end(isIndefinite: isIndefinite)
            isIndefinite = false
        }
        isComplete = open.isEmpty
    }

    private func malformed(_ detail: String) -> CMSError {
        CMSError(.malformed, operation: "read envelope", "not well-formed at byte \(position): \(detail)")
    }
}
