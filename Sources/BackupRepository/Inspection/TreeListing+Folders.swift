extension TreeListing {
    /// Returns at most `limit` entries that lie directly in a folder, in the order of the paths' bytes.
    /// - Parameters:
    ///   - folder: the path of a folder, which ends in a slash; empty for the root.
    ///   - last: the path of the last entry of the previous page.
    package func children(of folder: [UInt8], after last: [UInt8]? = nil, limit: Int) throws -> [CatalogEntry] {
        try catalog.children(of: folder, after: last, limit: limit)
    }

    /// Returns at most `limit` entries whose path contains the text, without regard to the case of ASCII letters.
    package func search(_ text: String, below folder: [UInt8] = [], limit: Int) throws -> [CatalogEntry] {
        try catalog.search(text, below: folder, limit: limit)
    }

    /// Returns the entry of a path; nil if there is none.
    package func entry(_ path: [UInt8]) throws -> CatalogEntry? { try catalog.entry(path) }
}
