internal import Cryptography

/// One of several shares of a component's regular files. The path alone decides the share, so that pods that do not know
/// of each other read each file once.
package struct Shard: Hashable, Sendable {
    /// From 0.
    package let index: Int
    package let count: Int

    /// The numbers of shards that a component may have.
    package static let counts = 2...64

    /// - Returns: nil unless `count` is one of ``counts``, and `index` is below it.
    package init?(_ index: Int, of count: Int) {
        guard Self.counts.contains(count), (0..<count).contains(index) else { return nil }
        self.index = index
        self.count = count
    }

    /// Returns true for a path of this share: the first 32 bits of its SHA-256, modulo ``count``, are ``index``.
    package func contains(_ path: [UInt8]) -> Bool {
        Self.number(path) % count == index
    }

    private static func number(_ bytes: [UInt8]) -> Int {
        Digest(of: bytes).bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }
}

// MARK: The names of their manifests

extension Shard {
    /// 2000-01-01: no backup is older.
    private static let manifestsEnd = 946_684_800

    /// Returns the name of its manifest in a run. It sorts before all backups, so that no search for the newest backup
    /// meets it, and differs from those of the other shards, which write at the same time.
    func manifestName(inRun run: String) -> Timestamp {
        Timestamp(seconds: Self.number(Array("\(run) \(index)".utf8)) % Self.manifestsEnd)
    }

    /// Returns true for the name of the manifest of a shard.
    static func isManifestName(_ name: Timestamp) -> Bool { name.seconds < manifestsEnd }
}

extension Shard: Codable {
    enum CodingKeys: String, CodingKey { case index, count }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let (index, count) = (
            try container.decode(Int.self, forKey: .index), try container.decode(Int.self, forKey: .count)
        )
        guard let shard = Shard(index, of: count) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: container.codingPath, debugDescription: "there is no shard \(index) of \(count)"))
        }
        self = shard
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(index, forKey: .index)
        try container.encode(count, forKey: .count)
    }
}
