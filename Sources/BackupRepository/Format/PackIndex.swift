package import Cryptography
internal import FoundationEssentials
internal import ObjectStorage

/// `<pack>.index.json.gz`: what is in one pack, and where.
package struct PackIndex: Codable, Equatable, Sendable {
    package var format: Int
    package var kind = "pack-index"
    package var component: String
    /// The pack's id.
    package var pack: String
    package var object: StoredObject
    /// The gzip members that the pack is made of, in order: `[bytes as stored, bytes of tar in it]`.
    package var gzip: [[Int]]
    package var members: [Member]

    enum CodingKeys: String, CodingKey { case format, kind, component, pack, object, gzip, members }

    /// The pack object as it lies in the store.
    package struct StoredObject: Codable, Equatable, Sendable {
        package var size: Int
        package var sha256: Digest
        /// "cms" where the gzip stream is inside a CMS AuthEnvelopedData (`.p7m`); absent where it is in the clear.
        package var envelope: String?
    }

    var key: ObjectKey { Layout.pack(component, pack, isEncrypted: object.envelope != nil) }

    /// One file, directory or link. Which of the optional ones are there depends on its type.
    package struct Member: Codable, Equatable, Sendable {
        /// "file", "directory", "link".
        package var type: String
        /// UTF-8; where the name is not, `path64` has its bytes in base 64 instead. A directory's ends in `/`.
        package var path: String?
        package var path64: String?
        package var size: Int?
        package var mode: UInt32
        package var uid: UInt32
        package var gid: UInt32
        /// Nanoseconds since 1970; of a time that 64 bits cannot count so, the nearest that they can.
        package var mtime: Int
        /// Such a time itself: `[seconds since 1970, nanoseconds after that]`. Absent for any other.
        package var time: [Int]?
        package var inode: UInt64
        package var sparse: Bool?
        /// Of a link; `target64` where it is not UTF-8.
        package var target: String?
        package var target64: String?
        /// Of a file's content.
        package var sha256: Digest?
        /// Offset in the pack object of the gzip member in which this entry's tar header is; gunzip from there and
        /// tar finds it. Absent for a reference and for an empty description.
        package var at: Int?
        /// Offset of the content in the tar.
        package var offset: Int?
        /// The content is that of a member of another pack (or an earlier one of this pack): nothing in this tar.
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
        case .directory:
            type = "directory"
        case .symbolicLink:
            type = "link"
            let target = record.target.map(Text.init)
            self.target = target?.plain
            self.target64 = target?.base64
        }
    }

    /// - Returns: nil when the member contradicts itself.
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
            isSparse: sparse ?? false, target: kind == .symbolicLink ? target : nil)
    }
}

/// Bytes that are nearly always UTF-8, which is all that JSON can carry as text.
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
