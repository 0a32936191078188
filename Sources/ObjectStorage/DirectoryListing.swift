internal import Glibc
internal import Platform
internal import SystemPackage

/// Walks a store's directories in the order of the keys' bytes. Memory: the names of one directory for each level.
struct DirectoryListing {
    let store: DirectoryStore
    let prefix: String
    let after: ObjectKey?

    func walk(_ body: (ObjectInfo) throws -> ListingAction) throws {
        // No key outside the prefix's own directory can match.
        let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
        guard !folder.hasPrefix("/"), !folder.contains("//"), !"/\(folder)".contains("/../") else { return }
        _ = try visit(folder, body)
    }

    /// - Parameter folder: key prefix of a directory, empty or with a slash at its end.
    private func visit(_ folder: String, _ body: (ObjectInfo) throws -> ListingAction) throws -> ListingAction {
        try Task.checkCancellation()
        for entry in try entries(of: folder) {
            let text = folder + entry.name
            if entry.isDirectory {
                guard isWanted(text) || prefix.hasPrefix(text), !isPassed(text) else { continue }
                if try visit(text, body) == .stop { return .stop }
            } else if isWanted(text), let key = ObjectKey(text), after.map({ $0 < key }) ?? true {
                var status = stat()
                // Removed or replaced since the directory was read: skip it, as if it had never been an object.
                guard stat(store.path(of: key), &status) == 0, status.isRegular else { continue }
                if try body(ObjectInfo(key, status)) == .stop { return .stop }
            }
        }
        return .proceed
    }

    private func isWanted(_ text: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    /// True if all keys in the directory `folder` come before or at ``after``.
    private func isPassed(_ folder: String) -> Bool {
        guard let after, !after.text.hasPrefix(folder) else { return false }
        return folder.utf8.lexicographicallyPrecedes(after.text.utf8)
    }

    private struct Entry {
        /// A directory's name ends in the slash of its keys, because that decides the order: `-` and `.` come before
        /// it.
        var name: String
        var isDirectory: Bool
    }

    private func entries(of folder: String) throws -> [Entry] {
        let path = folder.isEmpty ? store.root : "\(store.root)/\(folder)"
        var entries: [Entry] = []
        try Self.read(path) { name, type in
            guard folder.isEmpty == false || name != DirectoryStore.temporaryName, ObjectKey(name) != nil else {
                return
            }
            var isDirectory = type == DT_DIR
            if type == DT_UNKNOWN || type == DT_LNK {
                var status = stat()
                isDirectory = stat("\(path)/\(name)", &status) == 0 && status.isDirectory
            }
            entries.append(Entry(name: isDirectory ? name + "/" : name, isDirectory: isDirectory))
        } failure: { cause in
            // No key has this prefix, or another process removed the directory.
            guard !DirectoryStore.meansAbsent(cause) else { return }
            throw store.failure(cause, in: "list", of: nil)
        }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Returns all names in a directory, unordered; none if it cannot be read.
    static func names(in path: String) -> [String] {
        var names: [String] = []
        read(path) { name, _ in
            names.append(name)
        } failure: { _ in
        }
        return names
    }

    private static func read(
        _ path: String, _ body: (_ name: String, _ type: Int) -> Void, failure: (Errno) throws -> Void
    ) rethrows {
        guard let directory = opendir(path) else { return try failure(Errno.last) }
        defer { closedir(directory) }
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                if errno != 0 { try failure(Errno.last) }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            // A name that is not UTF-8 cannot be a key.
            guard let name, name != ".", name != ".." else { continue }
            body(name, Int(entry.pointee.d_type))
        }
    }
}
