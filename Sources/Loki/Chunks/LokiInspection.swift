internal import BackupRepository

/// The checks of one file of an archived tree, the same on capture, in a repository, and after a restore.
enum LokiInspection {
    /// - Returns: nil if the file has no check of its own.
    static func inspector(of path: String) -> (any ContentInspector)? {
        switch LokiPath(path) {
        case .chunk(let name): ChunkInspector(path, name)
        case .misnamedChunk: MisnamedChunk(path)
        case .index(let name) where path.hasSuffix(".tsdb.gz"): IndexInspector(path, .tsdb(name.compacted))
        case .index where path.hasSuffix(".gz"): IndexInspector(path, .bolt)
        case .deleteRequests where path.hasSuffix(".sqlite.gz"): IndexInspector(path, .other)
        case .deleteRequests where path.hasSuffix(".gz"): IndexInspector(path, .bolt)
        case .deleteRequests where path == LokiLayout.deletionStore: BoltInspector(path)
        case .activeBolt: BoltInspector(path)
        case .activeIndex: ActiveIndexInspector(path)
        case .writeAheadLog(isSegment: true), .activeLog: WriteAheadLogInspector(path)
        case .index, .deleteRequests, .rule, .writeAheadLog, .other: nil
        }
    }
}
