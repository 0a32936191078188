internal import Catalog
internal import Glibc

/// Walks a directory tree in the order of its paths' bytes, without following a link.
///
/// Holds the names of the directories from the root to where it is, hence memory of the largest directory on that way.
struct TreeWalker {
    /// What could not be looked at, or is of a kind that is not backed up.
    struct Oddity {
        var path: [UInt8]
        var reason: String
        /// True when data may be missing from the backup because of it.
        var isLoss: Bool
    }

    let tree: CapturedTree
    /// Paths for which this holds are left out, a directory with all below it. Directories' end in `/`.
    var isExcluded: ([UInt8]) -> Bool = { _ in false }

    /// - Throws: `RepositoryError` `.target` when a directory of the tree itself cannot be listed, else what the
    ///   closures throw.
    func walk(_ visit: (FileRecord) throws -> Void, oddity: (Oddity) throws -> Void) throws {
        try walk([Place(descriptor: tree.root)], prefix: [], visit, oddity)
    }

    /// One of the directories that together are a directory of the tree.
    private struct Place {
        var descriptor: CInt
        var hidden: Set<[UInt8]> = []
    }

    private func walk(
        _ places: [Place], prefix: [UInt8], _ visit: (FileRecord) throws -> Void, _ oddity: (Oddity) throws -> Void
    ) throws {
        try Task.checkCancellation()
        for name in try names(in: places, isTop: prefix.isEmpty) {
            let path = prefix + name.sortName
            if isExcluded(path) { continue }
            var status = stat()
            let directory = places[name.place].descriptor
            let layer = prefix.isEmpty ? tree.layers.first { $0.name == name.sortName } : nil
            let found =
                if let layer { fstat(layer.descriptor, &status) } else {
                    name.withPointer { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }
                }
            guard found == 0 else {
                let code = errno
                try oddity(Oddity(path: path, reason: errnoText(code), isLoss: code != ENOENT))
                continue
            }
            guard let record = try record(directory, name, path: path, status, oddity) else { continue }
            try visit(record)
            guard record.kind == .directory else { continue }
            var children: [Place] = []
            defer { for child in children { close(child.descriptor) } }
            for place in places where !place.hidden.contains(Array(name.bareName)) {
                let child = name.withPointer {
                    openat(place.descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                }
                if child >= 0 { children.append(Place(descriptor: child)) }
            }
            if let layer {
                let copy = dup(layer.descriptor)
                if copy >= 0 { children.append(Place(descriptor: copy, hidden: layer.hidden)) }
            }
            guard !children.isEmpty else {
                let code = errno
                try oddity(Oddity(path: path, reason: errnoText(code), isLoss: code != ENOENT))
                continue
            }
            try walk(children, prefix: path, visit, oddity)
        }
    }

    private func record(
        _ directory: CInt, _ name: Name, path: [UInt8], _ status: stat, _ oddity: (Oddity) throws -> Void
    ) throws -> FileRecord? {
        let format = status.st_mode & S_IFMT
        let isDirectory = format == S_IFDIR
        guard isDirectory == name.isDirectory else {  // replaced between readdir and stat
            try oddity(Oddity(path: path, reason: "changed its kind while the tree was read", isLoss: true))
            return nil
        }
        var record = FileRecord(
            path: path, kind: .directory, size: 0, mode: status.st_mode & 0o7777, uid: status.st_uid,
            gid: status.st_gid, modified: status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec,
            inode: UInt64(status.st_ino))
        switch format {
        case S_IFDIR: break
        case S_IFREG:
            record.kind = .file
            record.size = Int(status.st_size)
            record.isSparse = Int(status.st_blocks) * 512 < Int(status.st_size)
        case S_IFLNK:
            record.kind = .symbolicLink
            guard let target = Self.target(directory, name) else {
                try oddity(Oddity(path: path, reason: errnoText(), isLoss: errno != ENOENT))
                return nil
            }
            record.target = target
        default:
            try oddity(Oddity(path: path, reason: "a socket, pipe or device is not backed up", isLoss: false))
            return nil
        }
        return record
    }

    private static func target(_ directory: CInt, _ name: Name) -> [UInt8]? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = name.withPointer { readlinkat(directory, $0, &buffer, buffer.count) }
        return count > 0 ? buffer[..<count].map { UInt8(bitPattern: $0) } : nil
    }

    /// A name as readdir gives it, with a slash where it is a directory's: the key that it sorts by.
    private struct Name {
        var sortName: [UInt8]
        var isDirectory: Bool
        /// Which of the places has it.
        var place = 0

        var bareName: ArraySlice<UInt8> { isDirectory ? sortName.dropLast() : sortName[...] }

        func withPointer<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
            withCPath(bareName, body)
        }
    }

    /// The names in a directory of the tree, in order; of those that several places have, the first place's.
    private func names(in places: [Place], isTop: Bool) throws -> [Name] {
        var names = try places.first.map { try Self.names(in: $0.descriptor) } ?? []
        if places.count > 1 || isTop && !tree.layers.isEmpty {
            var taken = Set(names.map(\.bareName))
            for (number, place) in places.enumerated().dropFirst() {
                for var name in try Self.names(in: place.descriptor)
                where !place.hidden.contains(Array(name.bareName)) && taken.insert(name.bareName).inserted {
                    name.place = number
                    names.append(name)
                }
            }
            if isTop {
                let missing = tree.layers.filter { taken.insert($0.name.dropLast()).inserted }
                names += missing.map { Name(sortName: $0.name, isDirectory: true) }
            }
        } else if let hidden = places.first?.hidden, !hidden.isEmpty {
            names.removeAll { hidden.contains(Array($0.bareName)) }
        }
        return names.sorted { $0.sortName.lexicographicallyPrecedes($1.sortName) }
    }

    private static func names(in directory: CInt) throws -> [Name] {
        let copy = dup(directory)  // closedir closes what fdopendir was given
        guard copy >= 0, let stream = fdopendir(copy) else {
            throw RepositoryError(.target, "directory", "cannot list it: \(errnoText())")
        }
        defer { closedir(stream) }
        rewinddir(stream)
        var names: [Name] = []
        while let entry = readdir(stream) {
            let length = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { strlen($0) }
            }
            var bytes = withUnsafeBytes(of: &entry.pointee.d_name) { [UInt8]($0.prefix(length)) }
            if bytes.count <= 2, bytes.allSatisfy({ $0 == UInt8(ascii: ".") }) { continue }  // "." and ".."
            var isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
            if entry.pointee.d_type == UInt8(DT_UNKNOWN) {  // some file systems do not tell
                var status = stat()
                let name = Name(sortName: bytes, isDirectory: false)
                let found = name.withPointer { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0
                isDirectory = found && status.st_mode & S_IFMT == S_IFDIR
            }
            if isDirectory { bytes.append(UInt8(ascii: "/")) }
            names.append(Name(sortName: bytes, isDirectory: isDirectory))
        }
        return names
    }
}
