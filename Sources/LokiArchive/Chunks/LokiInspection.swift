internal import Repository

/// The checks of one file of an archived tree, the same on capture, in a repository, and after a restore.
enum LokiInspection {
    /// - Returns: nil where the file has no check of its own: the write-ahead log and the active index may end torn, and
    ///   Loki reads them so.
    static func inspector(of path: String) -> (any ContentInspector)? {
        switch LokiPath(path) {
        case .chunk(let name): ChunkInspector(path, name)
        case .misnamedChunk: MisnamedChunk(path)
        case .index(let name) where path.hasSuffix(".gz"): IndexInspector(path, name.compacted)
        case .deleteRequests where path.hasSuffix(".gz"): IndexInspector(path, nil)
        case .index, .deleteRequests, .rule, .writeAheadLog, .other: nil
        }
    }
}
