internal import Loki
internal import S3

/// The program that keeps its data in a bucket.
package enum BucketProfile: String, CaseIterable, Sendable { case plain, loki, thanos, mimir, tempo }

/// The places of a program's objects: they determine the order of a copy, and the checks of the objects.
package struct BucketLayout: Equatable, Sendable {
    package var profile: BucketProfile
    /// Loki's prefix of the index, with a slash at its end.
    package var index: String

    /// - Parameter index: nil for the usual one.
    package init(_ profile: BucketProfile, index: String? = nil) {
        self.profile = profile
        self.index = index ?? LokiObjects.usualIndex
    }

    private static let slash = UInt8(ascii: "/")

    /// True for an object that names others, and is replaced by a program that runs: it is read before the others are
    /// listed, so that everything that it names is in the set.
    func isEarly(_ key: BucketKey) -> Bool {
        switch profile {
        case .plain, .thanos: false
        // There, Loki keeps the tables of its index, and by default the requests for deletion.
        case .loki: key.bytes.starts(with: index.utf8)
        case .mimir: Self.lastPart(key).elementsEqual("bucket-index.json.gz".utf8)
        case .tempo: Self.lastPart(key).elementsEqual("index.json.gz".utf8)
        }
    }

    /// The prefix below which all early objects are; empty if they are anywhere.
    var earlyPrefix: String { profile == .loki ? index : "" }
    var hasEarlyObjects: Bool { profile != .plain && profile != .thanos }
    /// True if early objects are replaced by those of other keys. The others are overwritten, so that one listing has
    /// them.
    var movesEarlyObjects: Bool { profile == .loki }

    private static func lastPart(_ key: BucketKey) -> ArraySlice<UInt8> {
        key.bytes[(key.bytes.lastIndex(of: slash).map { $0 + 1 } ?? 0)...]
    }

    // MARK: Blocks

    /// True if the objects are in blocks, which are whole once they have their meta.json: it is uploaded last and
    /// deleted first.
    var hasBlocks: Bool {
        switch profile {
        case .plain, .loki: false
        case .thanos, .mimir, .tempo: true
        }
    }

    /// The key of the block that an object belongs to, without a slash at its end; nil for an object of no block.
    func block(of key: BucketKey) -> BucketKey? {
        guard hasBlocks else { return nil }
        let parts = key.bytes.split(separator: Self.slash, omittingEmptySubsequences: false)
        // A block is at the top of a Thanos bucket, and below the name of its tenant elsewhere.
        for (number, part) in parts.enumerated().prefix(2) where number < parts.count - 1 {
            guard profile == .tempo ? Self.isUUID(part) : Self.isULID(part) else { continue }
            return BucketKey(Array(parts[0...number].joined(separator: [Self.slash])))
        }
        return nil
    }

    /// True if an object completes its block.
    func completesBlock(_ key: BucketKey) -> Bool {
        guard let block = block(of: key) else { return false }
        let name = key.bytes[block.bytes.count...]
        return name.elementsEqual("/meta.json".utf8)
            || profile == .tempo && name.elementsEqual("/meta.compacted.json".utf8)
    }

    private static func isULID(_ part: ArraySlice<UInt8>) -> Bool {
        let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        return part.count == 26 && part.allSatisfy(digits.contains)
    }

    private static func isUUID(_ part: ArraySlice<UInt8>) -> Bool {
        part.count == 36
            && part.enumerated().allSatisfy { number, byte in
                [8, 13, 18, 23].contains(number)
                    ? byte == UInt8(ascii: "-") : "0123456789abcdefABCDEF".utf8.contains(byte)
            }
    }

    // MARK: Restore

    /// The pass of a restore in which an object is written: the one that names or completes others comes last.
    func pass(of key: BucketKey) -> Int { isEarly(key) || hasBlocks && completesBlock(key) ? 1 : 0 }
    var passes: Int { profile == .plain ? 1 : 2 }
}
