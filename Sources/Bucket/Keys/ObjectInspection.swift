internal import BackupRepository
internal import Documents
internal import Loki
internal import Prometheus
internal import S3

/// The checks of one object by its key, the same on capture, in a repository, and after a restore.
enum ObjectInspection {
    /// The longest meta.json that is parsed, in bytes.
    private static let longestMeta = 16 << 20

    /// - Parameter layout: nil to judge by the key alone, for a backup without settings.
    /// - Returns: nil if the object has no check of its own.
    static func inspector(of path: String, _ layout: BucketLayout?) -> (any ContentInspector)? {
        guard let key = ObjectPath.key(of: Array(path.utf8)) else { return nil }
        switch layout?.profile {
        case .plain, .tempo: return nil
        case .loki: return LokiObjects.inspector(ofKey: key.bytes, path, index: layout?.index)
        case .thanos, .mimir: return block(key, path)
        case nil: return LokiObjects.inspector(ofKey: key.bytes, path, index: nil) ?? block(key, path)
        }
    }

    private static func block(_ key: BucketKey, _ path: String) -> (any ContentInspector)? {
        // Thanos writes downsampled blocks.
        if ChunkSegmentVerifier.applies(to: path) { return SegmentInspector(path, allowsAggregates: true) }
        let parts = path.split(separator: "/")
        guard parts.last == "meta.json", parts.count > 1, BlockName.isBlock(String(parts[parts.count - 2])) else {
            return nil
        }
        let block = String(parts[parts.count - 2])
        return DocumentInspector(path, longest: longestMeta) { bytes in
            guard let document = try? JSONValue(parsing: bytes), let name = document["ulid"]?.text else {
                return "it is not the description of a block"
            }
            return name == block ? nil : "it is that of block \(name)"
        }
    }
}
