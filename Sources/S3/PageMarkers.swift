/// Sees that a listing in pages comes to its end: a server that hands out a marker twice, or page after page with nothing
/// new, would be asked for ever.
struct PageMarkers {
    private var seen: Set<String> = []
    private var idle = 0

    /// A bucket with versions may hold as many pages of what was deleted, between two keys that are listed.
    private static let mostIdlePages = 10_000

    /// - Parameters:
    ///   - marker: where the next page begins; nil where the server gave none, although it has more.
    ///   - isNew: whether this page brought anything.
    /// - Returns: the marker.
    /// - Throws: ``S3Failure``.
    mutating func next(_ marker: String?, isNew: Bool) throws(S3Failure) -> String {
        guard let marker, !marker.isEmpty else {
            throw S3Failure(code: "EndlessListing", message: "the server has more, and does not say where it begins")
        }
        idle = isNew ? 0 : idle + 1
        guard seen.insert(marker).inserted, idle <= Self.mostIdlePages else {
            throw S3Failure(code: "EndlessListing", message: "the server's pages lead nowhere")
        }
        return marker
    }
}

/// Sizes that a server tells.
enum ObjectSize {
    /// S3's own limit is 48.8 TiB. Larger ones are a server's mistake, and could not be added up.
    private static let most = 1 << 46

    /// - Returns: nil unless `text` is a size that an object can have.
    static func parse(_ text: String) -> Int? {
        Int(text).flatMap { (0...most).contains($0) ? $0 : nil }
    }
}
