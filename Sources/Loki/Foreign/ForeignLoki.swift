internal import BackupRepository
internal import Components
internal import FoundationEssentials
internal import Platform

/// Copies of a Loki's files that another tool made: chunks and index below one directory.
enum ForeignLoki {
    static let forms = [
        ForeignBackup(ForeignBackup.runbook, .folder("loki", files: ["data.tar.gz"]), open: open),
        ForeignBackup(ForeignBackup.restic, .snapshot, open: open),
    ]

    @Sendable private static func open(_ files: ForeignFiles) throws -> any Capture {
        let found = try ForeignTree.directory(below: files.root) { name, path in
            name == LokiLayout.chunks && (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil
        }
        guard let root = found else {
            throw ComponentError(
                .damaged, operation: "read the chunks of the backup of \(files.time)",
                "it has no directory '\(LokiLayout.chunks)'",
                hint: "dr imports Loki's `path_prefix` with its chunks in '\(LokiLayout.chunks)'")
        }
        var (newest, chunks, hasLog) = (Int?.none, 0, false)
        for path in try ForeignTree.files(below: root) {
            switch LokiPath(path) {
            case .chunk(let name):
                chunks += 1
                newest = max(newest ?? name.through, name.through)
            case .writeAheadLog(isSegment: true): hasLog = true
            default: continue
            }
        }
        // A server wrote the files while they were copied, in an order that is not known.
        var tree = ForeignTree(
            root, newest: newest.map { .at($0) } ?? (hasLog ? .unknown : .empty), facts: ["chunks": "\(chunks)"],
            warnings: [
                "another tool copied the files while Loki may have written them: index entries can lack their chunks"
            ])
        tree.inspecting = { LokiInspection.inspector(of: $0) }
        return tree
    }
}
