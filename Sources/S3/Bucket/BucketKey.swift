/// The key of any object of a bucket, relative to the prefix of an ``S3Bucket``.
///
/// Other programs choose these keys: any bytes of UTF-8, with empty and dotted parts. They compare by their bytes,
/// because `String` takes different spellings of one character for the same.
package struct BucketKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(_ text: String) { bytes = Array(text.utf8) }
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var text: String { String(decoding: bytes, as: UTF8.self) }
    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

/// One version of an object, as a listing or an answer describes it.
package struct BucketObject: Hashable, Sendable {
    package var key: BucketKey
    /// Bytes.
    package var size: Int
    /// The version tag without quotes; nil if the server has none. It is compared for equality only: the tag of an
    /// object that was uploaded in parts is no hash of its content.
    package var tag: String?
    /// Seconds since 1970; nil if the server does not report it.
    package var modified: Int?
    /// The header fields that a user can set, with names in lower case and in their order; empty in a listing, which
    /// does not have them.
    package var headers: [(name: String, value: String)] = []

    package init(_ key: BucketKey, size: Int, tag: String? = nil, modified: Int? = nil) {
        self.key = key
        self.size = size
        self.tag = tag
        self.modified = modified
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.key == right.key && left.isSameVersion(as: right)
            && left.headers.elementsEqual(right.headers) { $0.name == $1.name && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(key)
        hasher.combine(size)
        hasher.combine(tag)
    }

    /// True if the server tells a version from others of the same size.
    package var isVersioned: Bool { tag != nil || modified != nil }

    /// True if both describe the same content, as far as the server tells.
    package func isSameVersion(as other: Self) -> Bool {
        size == other.size && tag == other.tag && modified == other.modified
    }
}
