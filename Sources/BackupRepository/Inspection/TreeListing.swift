package import Platform

/// The files in a backup of a component, and the differences between two backups. Created from the pack indexes only.
/// The memory is that of a database page cache, for any number of files.
package struct TreeListing: Sendable {
    let catalog: Catalog

    package init(of manifest: Manifest, in repository: Repository, pool: BlockingPool) async throws {
        catalog = try Catalog(path: nil)
        try await CatalogFiller(repository: repository, pool: pool).fill(catalog, from: manifest)
    }

    /// Creates an empty listing: the content before the first backup.
    package init() throws { catalog = try Catalog(path: nil) }

    /// Calls `body` for every entry in the order of the paths' bytes.
    package func forEach(_ body: (CatalogEntry) throws -> Void) throws { try catalog.forEach { try body($0) } }

    package enum Change: String, Sendable { case added, removed, modified, described }

    /// Calls `body` for every path that differs in `newer`: first new or changed paths, then removed ones. `.described`
    /// means that mode, owner or time changed, but not the content.
    package func changes(
        to newer: TreeListing, _ body: (Change, FileRecord, _ older: FileRecord?) throws -> Void
    ) throws {
        try newer.catalog.forEach { entry in
            guard let old = try catalog.entry(entry.record.path) else { return try body(.added, entry.record, nil) }
            if old.digest != entry.digest || old.record.target != entry.record.target {
                return try body(.modified, entry.record, old.record)
            }
            var same = old.record
            (same.inode, same.isSparse) = (entry.record.inode, entry.record.isSparse)
            // A directory's time changes with each of its entries, and these are listed separately.
            if entry.record.kind == .directory { same.modified = entry.record.modified }
            if same != entry.record { try body(.described, entry.record, old.record) }
        }
        try catalog.forEach { entry in
            if try newer.catalog.entry(entry.record.path) == nil { try body(.removed, entry.record, entry.record) }
        }
    }
}
