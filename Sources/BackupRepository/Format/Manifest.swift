package import Cryptography

/// `<component>/backups/<timestamp>.json`: the content of a component in one backup.
package struct Manifest: Codable, Equatable, Sendable {
    package var format: Int
    package var kind = "manifest"
    package var component: String
    /// The kind of source: "files", "git".
    package var source: String
    /// The name in the key. At most a few seconds after `captured`.
    package var name: Timestamp
    package var captured: Timestamp
    /// Random id of the run that wrote it, as in its set; absent in manifests of early versions.
    package var run: String?
    /// Time of the newest datum, in milliseconds since 1970, if the source knows it.
    package var watermark: Int?
    /// Time of the oldest datum, in milliseconds since 1970, if the source knows it.
    package var oldest: Int?
    /// Absent if ``watermark`` is the time of the newest datum, or the kind has no such time.
    package var datum: DatumState?
    /// Facts that the source reported.
    package var facts: [String: String]
    /// Owner, mode and time of the root folder of the tree; absent if the folder is not the component's own, such as a
    /// folder of documents, and in manifests of early versions.
    package var root: RootAttributes?
    package var totals: Totals
    /// The Merkle root over the files, see `Catalog.merkleRoot()`; absent in manifests of early versions.
    package var contents: Digest?
    /// Paths that were damaged or unreadable and are therefore not in this backup.
    package var damage: [Damage]
    /// Values that the source never shows, so that a restore needs them from elsewhere; absent means none.
    package var withheld: [Withheld]?
    /// The packs that hold it. Only the listed members belong to this backup.
    package var packs: [PackUse]
    /// The share of the files that it has, if it is the manifest of a shard. No set names such a manifest.
    package var shard: Shard?

    enum CodingKeys: String, CodingKey {
        case format, kind, component, source, name, captured, run, watermark, oldest, datum, facts, root, totals
        case contents
        case damage, withheld, packs, shard
    }

    package struct Totals: Codable, Equatable, Sendable {
        package var files: Int
        package var directories: Int
        package var links: Int
        /// Plain bytes of the files' contents.
        package var bytes: Int
    }

    package struct PackUse: Codable, Equatable, Sendable {
        package var pack: String
        /// SHA-256 of the index object as stored.
        package var index: Digest
        /// Members in the pack's index.
        package var members: Int
        /// Members that are entries of this backup, as half-open ranges `[from, to]`; absent means all.
        package var live: [[Int]]?
        /// Members whose content is used by entries that another pack describes; absent means none.
        package var lent: [[Int]]?

        package var liveMembers: RangeSet<Int> { live.map(RangeSet.init(pairs:)) ?? RangeSet(0..<members) }
        package var lentMembers: RangeSet<Int> { lent.map(RangeSet.init(pairs:)) ?? RangeSet() }
    }
}

extension RangeSet<Int> {
    /// Invalid ranges are ignored; a reader then finds that members are missing.
    init(pairs: [[Int]]) {
        self.init(pairs.compactMap { $0.count == 2 && 0 <= $0[0] && $0[0] < $0[1] ? $0[0]..<$0[1] : nil })
    }

    var pairs: [[Int]] { ranges.map { [$0.lowerBound, $0.upperBound] } }

    var memberCount: Int { ranges.reduce(0) { $0 + $1.count } }
}
