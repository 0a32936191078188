/// Detects a paged listing that would never end: a server that repeats a marker, or sends page after page without new
/// entries.
struct PageMarkers {
    private var seen: Set<String> = []
    private var idle = 0

    /// A bucket with versions may hold this many pages of deleted objects between two listed keys.
    private static let mostIdlePages = 10_000

    /// - Parameters:
    ///   - marker: the beginning of the next page; nil if the server gave none although it has more.
    ///   - isNew: true if this page held new entries.
    /// - Returns: the marker.
    /// - Throws: ``S3Failure``.
    mutating func next(_ marker: String?, isNew: Bool) throws(S3Failure) -> String {
        guard let marker, !marker.isEmpty else {
            throw S3Failure(
                code: "EndlessListing", message: "the server reports more entries but gives no marker for them")
        }
        idle = isNew ? 0 : idle + 1
        guard seen.insert(marker).inserted, idle <= Self.mostIdlePages else {
            throw S3Failure(code: "EndlessListing", message: "the server's pages do not end")
        }
        return marker
    }
}

/// Reads object sizes that a server reports.
enum ObjectSize {
    /// S3's own limit is 48.8 TiB. A larger size is a mistake of the server, and sums of such sizes could overflow.
    private static let most = 1 << 46

    /// - Returns: nil unless `text` is a size that an object can have.
    static func parse(_ text: String) -> Int? {
        Int(text).flatMap { (0...most).contains($0) ? $0 : nil }
    }
}
