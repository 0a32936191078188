package import BackupRepository

/// The objects of a Loki that keeps its chunks in a bucket. Their keys are plain where files have base 64.
package enum LokiObjects {
    /// The prefix of the index in a Loki that sets no `path_prefix`. Requests for deletion are below it by default, too.
    package static let usualIndex = "index/"

    /// The newest datum in a chunk, by its key alone, in milliseconds since 1970; nil if the key is not a chunk's.
    package static func through(ofKey key: [UInt8]) -> Int? { ChunkName(key: key[...])?.through }

    /// The check of one object; nil if it has none of its own.
    /// - Parameters:
    ///   - key: below the prefix of Loki's data.
    ///   - path: the name of the object in messages.
    ///   - index: the prefix of the index, with a slash at its end; nil if it is not known that the objects are Loki's.
    package static func inspector(ofKey key: [UInt8], _ path: String, index: String?) -> (any ContentInspector)? {
        if let chunk = ChunkName(key: key[...]) { return ChunkInspector(path, chunk) }
        guard [index, usualIndex].contains(where: { $0.map { key.starts(with: $0.utf8) } ?? false }) else { return nil }
        if index == nil {
            // Another program may have such a folder: only a name of Loki's shows the content.
            switch LokiPath("\(LokiLayout.chunks)/\(String(decoding: key, as: UTF8.self))") {
            case .index, .deleteRequests: break
            default: return nil
            }
        }
        let name = key.lastIndex(of: UInt8(ascii: "/")).map { key[($0 + 1)...] } ?? key[...]
        return LokiInspection.inspector(ofIndex: path, named: String(decoding: name, as: UTF8.self))
    }
}
