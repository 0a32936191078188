internal import Platform

/// The differences between a walk and the stored entries.
package struct TreeChanges: Equatable, Sendable {
    /// Entries that are new or differ, directories and links among them.
    package var fresh = 0
    /// The bytes of contents that are not known to be stored.
    package var freshBytes = 0
    /// Entries that no longer exist.
    package var gone = 0
    /// First path components, without a trailing slash, below which a file or link is fresh, or any entry is gone.
    package private(set) var tops: Set<[UInt8]> = []
    private var lastTop: [UInt8] = []

    package init() {}

    mutating func addFresh(_ record: FileRecord, hasContent: Bool) {
        fresh += 1
        if hasContent { freshBytes = freshBytes.addingClamped(record.size) }
        if record.kind != .directory { note(record.path) }
    }

    mutating func addGone(_ path: [UInt8]) {
        gone += 1
        note(path)
    }

    private mutating func note(_ path: [UInt8]) {
        // Paths come in order, and most have the same first component as the previous one.
        let slash = UInt8(ascii: "/")
        if !lastTop.isEmpty, path.starts(with: lastTop), path.count == lastTop.count || path[lastTop.count] == slash {
            return
        }
        lastTop = Self.top(of: path)
        tops.insert(lastTop)
    }

    /// Returns the first component of a path.
    static func top(of path: [UInt8]) -> [UInt8] { Array(path.prefix { $0 != UInt8(ascii: "/") }) }
}
