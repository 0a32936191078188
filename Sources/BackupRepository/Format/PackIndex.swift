package import Cryptography
internal import FoundationEssentials
internal import ObjectStorage

/// `<pack>.index.json.gz`: the members of one pack, with their locations.
package struct PackIndex: Codable, Equatable, Sendable {
    package var format: Int
    package var kind = "pack-index"
    package var component: String
    /// The pack's id.
    package var pack: String
    package var object: StoredObject
    /// The gzip members of the pack, in order: `[bytes as stored, bytes of tar in it]`.
    package var gzip: [[Int]]
    package var members: [Member]

    enum CodingKeys: String, CodingKey { case format, kind, component, pack, object, gzip, members }

    /// The pack object as it is stored.
    package struct StoredObject: Codable, Equatable, Sendable {
        package var size: Int
        package var sha256: Digest
        /// "cms" if the gzip stream is inside a CMS AuthEnvelopedData (`.p7m`); absent if it is not encrypted.
        package var envelope: String?
    }

    var isEncrypted: Bool { object.envelope != nil }
    var key: ObjectKey { Layout.pack(component, pack, isEncrypted: object.envelope != nil) }

    /// One file, directory or link. Its type determines the optional members.
    package struct Member: Codable, Equatable, Sendable {
        /// "file", "directory", "link".
        package var type: String
        /// UTF-8; for a name that is not UTF-8, `path64` has its bytes in base 64 instead. A directory's path ends in
        /// `/`.
        package var path: String?
        package var path64: String?
        package var size: Int?
        package var mode: UInt32
        package var uid: UInt32
        package var gid: UInt32
        /// Nanoseconds since 1970; the nearest representable number for a time that does not fit in 64 bits.
        package var mtime: Int
        /// The exact value of such a time: `[seconds since 1970, nanoseconds after that]`. Absent for any other.
        package var time: [Int]?
        package var inode: UInt64
        package var sparse: Bool?
        /// The target of a link; `target64` if it is not UTF-8.
        package var target: String?
        package var target64: String?
        /// The header fields of an object in a bucket, `name: value` in lines. Absent for anything else.
        package var headers: String?
        /// The hash of a file's content.
        package var sha256: Digest?
        /// Offset in the pack object of the gzip member with this entry's tar header: gunzip from there, and tar finds
        /// it. Absent for a reference and for an empty description.
        package var at: Int?
        /// Offset of the content in the tar.
        package var offset: Int?
        /// Set if the content is that of a member of another pack (or an earlier one of this pack): this tar does not
        /// hold it.
        package var from: Reference?
    }

    package struct Reference: Codable, Equatable, Sendable {
        package var pack: String
        package var member: Int
    }
}

extension PackIndex.Member {
    init(_ record: FileRecord) {
        let path = Text(record.path)
        self.path = path.plain
        self.path64 = path.base64
        mode = record.mode
        uid = record.uid
        gid = record.gid
        mtime = record.modified.nearestNanoseconds
        time = record.modified.pairWhereNeeded
        inode = record.inode
        switch record.kind {
        case .file:
            type = "file"
            size = record.size
            sparse = record.isSparse ? true : nil
            headers = record.headers
        case .directory:
            type = "directory"
        case .symbolicLink:
            type = "link"
            let target = record.target.map(Text.init)
            self.target = target?.plain
            self.target64 = target?.base64
        }
    }

    /// - Returns: nil if the member contradicts itself.
    package var record: FileRecord? {
        guard let path = Text(plain: path, base64: path64).bytes, !path.isEmpty, mode <= 0o7777 else { return nil }
        let kind: FileRecord.Kind
        switch type {
        case "file": kind = .file
        case "directory": kind = .directory
        case "link": kind = .symbolicLink
        default: return nil
        }
        let size = size ?? 0
        guard size >= 0, (path.last == UInt8(ascii: "/")) == (kind == .directory) else { return nil }
        let target = Text(plain: target, base64: target64).bytes
        guard kind != .symbolicLink || target?.isEmpty == false else { return nil }
        guard let modified = FileTime(mtime: mtime, pair: time) else { return nil }
        return FileRecord(
            path: path, kind: kind, size: size, mode: mode, uid: uid, gid: gid, modified: modified, inode: inode,
            isSparse: sparse ?? false, target: kind == .symbolicLink ? target : nil, headers: headers)
    }
}

/// Bytes that are usually UTF-8; JSON text cannot carry other bytes.
private struct Text {
    var plain: String?
    var base64: String?

    init(_ bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            plain = text
        } else {
            base64 = Data(bytes).base64EncodedString()
        }
    }

    init(plain: String?, base64: String?) {
        self.plain = plain
        self.base64 = base64
    }

    var bytes: [UInt8]? {
        plain.map { Array($0.utf8) } ?? base64.flatMap { Data(base64Encoded: $0) }.map { [UInt8]($0) }
    }
}
