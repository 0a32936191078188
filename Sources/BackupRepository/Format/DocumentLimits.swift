/// The limits of a repository's documents: they bound the memory and the time that reading an
/// object under its key can cost.
package enum DocumentLimits {
    /// The longest stored document, in bytes: `repository.json`, sets and marks.
    package static let longestDocument = 16 << 20
    /// The longest signature of a set.
    package static let longestSignature = 1 << 20
    /// The longest manifest. One of a component in 100,000 packs takes 15 to 60 MB.
    package static let longestManifest = 64 << 20
    /// The most JSON values in one document. Decoding needs about 100 bytes for each.
    package static let mostValues = 4_000_000
    /// The deepest nesting; the documents of dr use seven levels.
    package static let greatestDepth = 32
    /// The most members of one pack, and the most that ``PackSettings`` may allow.
    package static let mostMembers = 4096
    /// The longest paths and link targets that one pack describes, in bytes together. A pack is full after that.
    package static let mostNameBytes = 1 << 20
    /// The longest path of a file below its component's root, in bytes. Linux itself takes at most 4,096 at once.
    package static let longestPath = 64 << 10
    /// The largest file. A pack lists its gzip members, one for each mebibyte, and ``longestIndexOfOneFile`` is the limit
    /// of that list.
    package static let largestFile = 2 << 40
    /// The most sets, and the most marks of one kind, in a repository: a listing holds about 200 bytes for each.
    package static let mostListed = 1_000_000

    /// The longest index as plain text: 4,096 members with long names take 9 MiB.
    package static let longestIndex = 16 << 20
    /// The longest index of a pack with a single member, which may be a file of ``largestFile``.
    package static let longestIndexOfOneFile = 48 << 20

    /// - Parameter members: of the pack, as its manifest records them.
    static func longestIndex(members: Int) -> Int { members == 1 ? longestIndexOfOneFile : longestIndex }

    /// The most JSON values in an index: each gzip member takes three, each file at most 30.
    /// - Parameter members: of the pack, as its manifest records them.
    static func mostIndexValues(members: Int) -> Int {
        members == 1 ? 3 * (largestFile >> 20) + 1000 : 40 * mostMembers + 3 * mostMembers
    }
}

/// One pass over a JSON text that counts its values and its depth, before a decoder allocates memory for them.
struct DocumentScan {
    /// At least the number of values: each value but the first of a list follows a comma, and each list or object follows
    /// its bracket.
    private(set) var values = 1
    private(set) var depth = 0

    init(_ bytes: [UInt8]) {
        var level = 0
        var isInString = false
        var isEscaped = false
        bytes.withUnsafeBufferPointer { bytes in
            for byte in bytes {
                if isInString {
                    if isEscaped {
                        isEscaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        isEscaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        isInString = false
                    }
                    continue
                }
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: ","): values += 1
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    values += 1
                    level += 1
                    depth = max(depth, level)
                case UInt8(ascii: "]"), UInt8(ascii: "}"): level -= 1
                default: continue
                }
            }
        }
    }

    /// Returns the reason why a text costs too much to decode; nil if it does not.
    func defect(mostValues: Int = DocumentLimits.mostValues) -> String? {
        if depth > DocumentLimits.greatestDepth { return "it is nested deeper than \(DocumentLimits.greatestDepth)" }
        return values > mostValues ? "it has more than \(mostValues) values" : nil
    }
}
