internal import Platform

/// How a walk differs from what is stored.
package struct TreeChanges: Equatable, Sendable {
    /// Entries that are new or differ, directories and links among them.
    package var fresh = 0
    /// Of the contents that are not known to be stored.
    package var freshBytes = 0
    /// Entries that are not there any more.
    package var gone = 0
    /// First path components, without a trailing slash, under which a file or link is fresh, or anything is gone.
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
        // Paths come in order, most with the same beginning as the one before.
        let slash = UInt8(ascii: "/")
        if !lastTop.isEmpty, path.starts(with: lastTop), path.count == lastTop.count || path[lastTop.count] == slash {
            return
        }
        lastTop = Array(path.prefix { $0 != slash })
        tops.insert(lastTop)
    }
}
