/// Rebuilds one element's encoding from the events of a ``BERTokenizer``.
struct KeptElement {
    /// The limit of the kept bytes: enough for some four hundred recipients.
    static let limit = 256 << 10

    private var bytes: [UInt8] = []
    private var depth = 0

    /// True if the element has begun and not ended.
    var isOpen: Bool { depth > 0 }

    mutating func begin(_ element: BERElement) throws(CMSError) {
        depth += 1
        try append(element.header.span.bytes)
    }

    mutating func append(_ content: RawSpan) throws(CMSError) {
        guard bytes.count + content.byteCount <= Self.limit else {
            throw CMSError(.tooLarge, operation: "read envelope", "a part of its header is longer than 256 KiB")
        }
        content.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// - Returns: the whole encoding if the element itself ends; nil if an element inside it ends.
    mutating func end(isIndefinite: Bool) throws(CMSError) -> [UInt8]? {
        if isIndefinite { try append([UInt8]([0, 0]).span.bytes) }
        depth -= 1
        guard depth == 0 else { return nil }
        defer { bytes = [] }
        return bytes
    }
}
