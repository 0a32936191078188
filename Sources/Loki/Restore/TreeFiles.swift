internal import Synchronization

/// Distributes the files of a tree to several readers, directory by directory. Holds the names of the pending
/// directories, and of one directory's files.
final class TreeFiles: Sendable {
    private struct State {
        /// Relative, with a slash at the end, except for the root.
        var folders = [""]
        var files: ArraySlice<String> = []
        var unreadable: [(path: String, reason: String)] = []
    }

    private let root: String
    private let state = Mutex(State())

    init(_ root: String) { self.root = root }

    /// Directories that could not be read, after all files were distributed.
    var unreadable: [(path: String, reason: String)] { state.withLock { $0.unreadable } }

    /// - Returns: relative paths, in no particular order; nil when all are distributed.
    func next(upTo limit: Int = 256) -> [String]? {
        state.withLock { state in
            var batch: [String] = []
            while batch.count < limit {
                if state.files.isEmpty {
                    guard let folder = state.folders.popLast() else { break }
                    list(folder, &state)
                }
                let taken = state.files.prefix(limit - batch.count)
                batch += taken
                state.files = state.files.dropFirst(taken.count)
            }
            return batch.isEmpty ? nil : batch
        }
    }

    private func list(_ folder: String, _ state: inout State) {
        do throws(FolderEntries.Failure) {
            let entries = try FolderEntries.read("\(root)/\(folder)")
            state.folders += entries.filter(\.isFolder).map { "\(folder)\($0.name)/" }
            state.files = entries.filter(\.isFile).map { folder + $0.name }[...]
        } catch { state.unreadable.append((folder, error.text)) }
    }
}
