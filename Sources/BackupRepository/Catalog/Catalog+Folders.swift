/// Parts of the table for people who browse it. Each call takes the connection for a short time only.
extension Catalog {
    /// Returns at most `limit` entries that lie directly in a folder, in the order of the paths' bytes.
    ///
    /// It skips what lies deeper, so its time does not depend on the number of files below. A folder without an entry of
    /// its own is returned as if it had one.
    /// - Parameters:
    ///   - folder: ends in a slash; empty for the root.
    ///   - last: the path of the last entry of the previous page.
    func children(of folder: [UInt8], after last: [UInt8]?, limit: Int) throws -> [CatalogEntry] {
        var children: [CatalogEntry] = []
        var next = last.map(Self.successor) ?? folder + [0]
        while children.count < limit {
            guard var entry = try first(from: next), entry.record.path.starts(with: folder) else { break }
            let rest = entry.record.path.dropFirst(folder.count)
            if let slash = rest.firstIndex(of: UInt8(ascii: "/")), slash + 1 < rest.endIndex {
                let path = Array(entry.record.path[...slash])
                entry.record = FileRecord(
                    path: path, kind: .directory, size: 0, mode: 0o755, uid: 0, gid: 0,
                    modified: entry.record.modified, inode: 0)
                entry.digest = nil
            }
            children.append(entry)
            next = Self.successor(entry.record.path)
        }
        return children
    }

    /// Returns at most `limit` entries whose path contains the text, without regard to the case of ASCII letters.
    func search(_ text: String, below folder: [UInt8], limit: Int) throws -> [CatalogEntry] {
        let wanted = text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
        return try entries(
            """
            SELECT \(EntryRow.columns) FROM entries
            WHERE path >= ?1 AND instr(lower(CAST(path AS TEXT)), CAST(?2 AS TEXT)) > 0 ORDER BY path LIMIT ?3
            """, (folder, wanted, limit)
        ).filter { $0.record.path.starts(with: folder) }
    }

    /// Returns at most `limit` directories and links below a folder, the folder itself among them, in order.
    func frame(below folder: [UInt8], from next: [UInt8], limit: Int) throws -> [CatalogEntry] {
        try entries(
            "SELECT \(EntryRow.columns) FROM entries WHERE path >= ?1 AND kind <> 0 AND path >= ?2 ORDER BY path LIMIT ?3",
            (next, folder, limit)
        ).filter { $0.record.path.starts(with: folder) }
    }

    /// The first path after an entry and all that lies below it.
    static func successor(_ path: [UInt8]) -> [UInt8] {
        // "0" is the byte after the slash; no path has a NUL.
        path.last == UInt8(ascii: "/") ? path.dropLast() + [UInt8(ascii: "0")] : path + [0]
    }

    private func first(from path: [UInt8]) throws -> CatalogEntry? {
        try entries(
            "SELECT \(EntryRow.columns) FROM entries WHERE path >= ?1 AND path >= ?2 ORDER BY path LIMIT ?3",
            (path, [], 1)
        ).first
    }
}
