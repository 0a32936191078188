/// One file, directory or symbolic link of a captured tree, as the file system describes it.
package struct FileRecord: Hashable, Sendable {
    package enum Kind: Int, Sendable { case file = 0, directory = 1, symbolicLink = 2 }

    /// Relative to the tree's root, `/`-separated, any bytes but NUL. A directory's path ends in `/`, as in tar, so
    /// that the order of a sorted walk is the order of the paths' bytes.
    package var path: [UInt8]
    package var kind: Kind
    /// Bytes of content; 0 for anything but files.
    package var size: Int
    /// Permission bits, `0...0o7777`.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    package var modified: FileTime
    /// For an object in a bucket: a number for its version tag.
    package var inode: UInt64
    /// True if fewer blocks are allocated than the size needs.
    package var isSparse: Bool
    /// The target of a symbolic link.
    package var target: [UInt8]?
    /// The header fields of an object in a bucket, a line for each; nil for anything else. A comparison with the
    /// previous backup ignores them, because a listing does not have them.
    package var headers: String?

    package init(
        path: [UInt8], kind: Kind, size: Int, mode: UInt32, uid: UInt32, gid: UInt32, modified: FileTime,
        inode: UInt64, isSparse: Bool = false, target: [UInt8]? = nil, headers: String? = nil
    ) {
        self.path = path
        self.kind = kind
        self.size = size
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.modified = modified
        self.inode = inode
        self.isSparse = isSparse
        self.target = target
        self.headers = headers
    }

    /// For messages: bytes that are not UTF-8 become U+FFFD.
    package var name: String { String(decoding: path, as: UTF8.self) }
}

/// A location in a repository: a pack, by the catalog's own number for it, and the index of a member in it.
package struct Location: Hashable, Sendable {
    package var pack: Int
    package var member: Int

    package init(pack: Int, member: Int) {
        self.pack = pack
        self.member = member
    }
}

/// A record and its location in the repository.
package struct CatalogEntry: Hashable, Sendable {
    package var record: FileRecord
    /// SHA-256 of the content; nil for anything but files.
    package var digest: [UInt8]?
    /// The member that describes this entry.
    package var described: Location
    /// The member that holds the content: the same one, unless the content was already stored when this entry was
    /// added.
    package var content: Location

    package init(record: FileRecord, digest: [UInt8]?, described: Location, content: Location) {
        self.record = record
        self.digest = digest
        self.described = described
        self.content = content
    }
}
