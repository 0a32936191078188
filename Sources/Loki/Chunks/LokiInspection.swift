internal import BackupRepository

/// The checks of one file of an archived tree, the same on capture, in a repository, and after a restore.
enum LokiInspection {
    /// - Returns: nil if the file has no check of its own.
    static func inspector(of path: String) -> (any ContentInspector)? {
        switch LokiPath(path) {
        case .chunk(let name): ChunkInspector(path, name)
        case .misnamedChunk: MisnamedChunk(path)
        case .deleteRequests where path == LokiLayout.deletionStore: BoltInspector(path)
        case .index, .deleteRequests: inspector(ofIndex: path, named: String(path.split(separator: "/").last ?? ""))
        case .activeBolt: BoltInspector(path)
        case .activeIndex: ActiveIndexInspector(path)
        case .writeAheadLog(isSegment: true), .activeLog: WriteAheadLogInspector(path)
        case .rule, .writeAheadLog, .other: nil
        }
    }

    /// The check of a stored file of the index, or of requests for deletion. The end of its name tells the content, in
    /// whatever table it is.
    /// - Parameters:
    ///   - path: the name in messages.
    ///   - file: the last part of the path.
    static func inspector(ofIndex path: String, named file: String) -> (any ContentInspector)? {
        if file.hasSuffix(".tsdb.gz") { return IndexInspector(path, .tsdb(IndexName.Compacted(file))) }
        if file.hasSuffix(".sqlite.gz") { return IndexInspector(path, .other) }
        return file.hasSuffix(".gz") ? IndexInspector(path, .bolt) : nil
    }
}
