package import BackupRepository

/// The objects of a Loki that keeps its chunks in a bucket. Their keys are plain where files have base 64.
package enum LokiObjects {
    /// The newest datum in a chunk, by its key alone, in milliseconds since 1970; nil if the key is not a chunk's.
    package static func through(ofKey key: [UInt8]) -> Int? { ChunkName(key: key[...])?.through }

    /// The check of one object; nil if it has none of its own.
    /// - Parameters:
    ///   - key: below the prefix of Loki's data.
    ///   - path: the name of the object in messages.
    package static func inspector(ofKey key: [UInt8], _ path: String) -> (any ContentInspector)? {
        if let chunk = ChunkName(key: key[...]) { return ChunkInspector(path, chunk) }
        // The index has the same names in a bucket and in files.
        let isIndex = key.starts(with: "index/".utf8) || key.starts(with: "\(LokiLayout.rules)/".utf8)
        return isIndex ? LokiInspection.inspector(of: "\(LokiLayout.chunks)/\(path)") : nil
    }
}
