internal import Glibc

/// Walks a directory tree in the order of its paths' bytes, without following links.
///
/// It keeps the names of the directories from the root to its position, hence uses memory for the largest directory on
/// that path, and the descriptors of the last few of them: a tree may be deeper than the limit of open files.
struct TreeWalker {
    /// An entry that was not visited.
    struct Oddity {
        var path: [UInt8]
        var reason: String
        /// True if data may be missing from the backup because of it.
        var isLoss = false
        /// True for a folder of the program itself, such as the store.
        var isOwn = false
    }

    let tree: CapturedTree
    /// Paths for which this is true are skipped, a directory with everything below it. Directories end in `/`.
    var isExcluded: ([UInt8]) -> Bool = { _ in false }
    /// Folders that no backup includes.
    var ownFolders = OwnFolders()

    /// The number of directories on the path that stay open, besides the root. A closed directory is reopened when
    /// needed.
    private static let openLevels = 8

    /// - Throws: `RepositoryError` `.target` if the root cannot be listed or is one of the program's own folders,
    ///   otherwise the errors of the closures.
    func walk(_ visit: (FileRecord) throws -> Void, oddity: (Oddity) throws -> Void) throws {
        if let identity = FileIdentity(tree.root), let folder = ownFolders[identity] {
            throw RepositoryError(
                .target, object: tree.path, "this directory is \(folder)",
                hint: "specify the directory that holds the data")
        }
        let root = [Place(descriptor: tree.root, isBorrowed: true)]
        guard let names = names(in: root, isTop: true) else {
            throw RepositoryError(.target, object: tree.path, "cannot list the directory: \(errnoText())")
        }
        var levels = [Level(path: [], places: root, names: names)]
        defer { for depth in levels.indices { levels[depth].close() } }
        while !levels.isEmpty {
            try Task.checkCancellation()
            let depth = levels.count - 1
            guard let name = levels[depth].nextName() else {
                var finished = levels.removeLast()
                defer { finished.close() }
                if depth > 0 { try reopen(&levels[depth - 1], from: finished, oddity) }
                continue
            }
            guard let child = try look(at: name, in: levels[depth], visit, oddity) else { continue }
            levels.append(child)
            let oldest = depth + 1 - Self.openLevels
            if oldest > 0 { levels[oldest].close() }  // not the root: the others are reopened from it
        }
    }

    /// Visits an entry.
    /// - Returns: the level below it, if it is a directory that can be listed.
    private func look(
        at name: Name, in level: Level, _ visit: (FileRecord) throws -> Void, _ oddity: (Oddity) throws -> Void
    ) throws -> Level? {
        let path = level.path + name.sortName
        if isExcluded(path) { return nil }
        var status = stat()
        let directory = level.places[name.place].descriptor
        let layer = level.path.isEmpty ? tree.layers.first { $0.name == name.sortName } : nil
        let found =
            if let layer { fstat(layer.descriptor, &status) } else {
                name.withPointer { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }
            }
        func miss(_ code: CInt) throws {
            try oddity(Oddity(path: path, reason: errnoText(code), isLoss: code != ENOENT))
        }
        guard found == 0 else {
            try miss(errno)
            return nil
        }
        if name.isDirectory, let own = ownFolders[FileIdentity(status)] ?? OwnFolders.leftover(named: name.bareName) {
            try oddity(Oddity(path: path, reason: "it is \(own)", isOwn: true))
            return nil
        }
        guard let record = try record(path, at: Whereabouts(directory: directory, name: name, status: status), oddity)
        else { return nil }
        try visit(record)
        guard record.kind == .directory else { return nil }
        var children: [Place] = []
        for (number, place) in level.places.enumerated() where !place.hidden.contains(Array(name.bareName)) {
            let child = name.withPointer {
                openat(place.descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            if child >= 0 { children.append(Place(descriptor: child, parent: number)) }
        }
        if let layer {
            children.append(Place(descriptor: layer.descriptor, isBorrowed: true, hidden: layer.hidden))
        }
        guard !children.isEmpty else {
            try miss(errno)
            return nil
        }
        guard let names = names(in: children, isTop: false) else {
            let code = errno
            for number in children.indices { children[number].close() }
            try miss(code)
            return nil
        }
        return Level(path: path, places: children, names: names)
    }

    /// Reopens the descriptors of a level that were closed while the walk was far below it.
    /// - Parameter child: the level below it, still open.
    private func reopen(_ level: inout Level, from child: Level, _ oddity: (Oddity) throws -> Void) throws {
        guard !level.names.isEmpty else { return }
        for number in level.places.indices where level.places[number].descriptor < 0 {
            let identity = level.places[number].identity
            var found: CInt = -1
            if let below = child.places.first(where: { $0.parent == number }), below.descriptor >= 0 {
                found = openat(below.descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
            if found >= 0, FileIdentity(found) != identity {  // the directory below was moved meanwhile
                close(found)
                found = -1
            }
            if found < 0 { found = level.openAgain(number, in: tree) }
            if found >= 0, FileIdentity(found) != identity {
                close(found)
                found = -1
            }
            guard found < 0 else {
                level.places[number].descriptor = found
                continue
            }
            level.names.removeAll { $0.place == number }
            try oddity(Oddity(path: level.path, reason: "it was moved while the tree was read", isLoss: true))
        }
    }

    /// The location of an entry in its directory.
    private struct Whereabouts {
        let directory: CInt
        let name: Name
        let status: stat
    }

    private func record(
        _ path: [UInt8], at place: Whereabouts, _ oddity: (Oddity) throws -> Void
    ) throws -> FileRecord? {
        let (name, status) = (place.name, place.status)
        let format = status.st_mode & S_IFMT
        let isDirectory = format == S_IFDIR
        guard isDirectory == name.isDirectory else {  // replaced between readdir and stat
            try oddity(Oddity(path: path, reason: "its type changed while the tree was read", isLoss: true))
            return nil
        }
        var record = FileRecord(
            path: path, kind: .directory, size: 0, mode: status.st_mode & 0o7777, uid: status.st_uid,
            gid: status.st_gid, modified: FileTime(status.st_mtim), inode: UInt64(status.st_ino))
        switch format {
        case S_IFDIR: break
        case S_IFREG:
            record.kind = .file
            record.size = Int(status.st_size)
            let (blocks, rest) = status.st_size.quotientAndRemainder(dividingBy: 512)
            record.isSparse = status.st_blocks < blocks || status.st_blocks == blocks && rest > 0
        case S_IFLNK:
            record.kind = .symbolicLink
            guard let target = Self.target(place.directory, name) else {
                let code = errno
                try oddity(Oddity(path: path, reason: errnoText(code), isLoss: code != ENOENT))
                return nil
            }
            record.target = target
        default:
            try oddity(Oddity(path: path, reason: "a socket, pipe or device is not backed up"))
            return nil
        }
        return record
    }

    private static func target(_ directory: CInt, _ name: Name) -> [UInt8]? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = name.withPointer { readlinkat(directory, $0, &buffer, buffer.count) }
        return count > 0 ? buffer[..<count].map { UInt8(bitPattern: $0) } : nil
    }

    /// Returns the names in a directory of the tree, last one first; for names in several directories, the first one's.
    /// - Returns: nil with the reason in `errno` if a directory cannot be listed.
    private func names(in places: [Place], isTop: Bool) -> [Name]? {
        guard let first = places.first, var names = Self.names(in: first.descriptor) else { return nil }
        if places.count > 1 || isTop && !tree.layers.isEmpty {
            var taken = Set(names.map(\.bareName))
            for (number, place) in places.enumerated().dropFirst() {
                guard let more = Self.names(in: place.descriptor) else { return nil }
                for var name in more
                where !place.hidden.contains(Array(name.bareName)) && taken.insert(name.bareName).inserted {
                    name.place = number
                    names.append(name)
                }
            }
            if isTop {
                let missing = tree.layers.filter { taken.insert($0.name.dropLast()).inserted }
                names += missing.map { Name(sortName: $0.name, isDirectory: true) }
            }
        } else if !first.hidden.isEmpty {
            names.removeAll { first.hidden.contains(Array($0.bareName)) }
        }
        return names.sorted { $1.sortName.lexicographicallyPrecedes($0.sortName) }
    }

    private static func names(in directory: CInt) -> [Name]? {
        directoryEntries(directory)?.map { entry in
            var isDirectory = entry.type == Int(DT_DIR)
            if entry.type == Int(DT_UNKNOWN) {  // some file systems do not report the type
                var status = stat()
                let found = withCPath(entry.name) { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0
                isDirectory = found && status.st_mode & S_IFMT == S_IFDIR
            }
            return Name(sortName: isDirectory ? entry.name + [UInt8(ascii: "/")] : entry.name, isDirectory: isDirectory)
        }
    }
}

/// A directory on the path from the tree's root to the walk's position.
private struct Level {
    /// With a trailing slash; empty for the root.
    let path: [UInt8]
    var places: [Place]
    /// The names still to visit, the next one last.
    var names: [Name]

    init(path: [UInt8], places: [Place], names: [Name]) {
        (self.path, self.places, self.names) = (path, places, names)
        for number in places.indices { self.places[number].identity = FileIdentity(places[number].descriptor) }
    }

    mutating func nextName() -> Name? { names.popLast() }

    mutating func close() {
        for number in places.indices { places[number].close() }
    }

    /// Reopens one of its directories from the root of the tree or of the layer.
    func openAgain(_ number: Int, in tree: CapturedTree) -> CInt {
        if number == 0 { return openBelow(tree.root, path, flags: O_RDONLY | O_DIRECTORY) }
        guard let layer = tree.layers.first(where: { path.starts(with: $0.name) }) else { return -1 }
        let inner = Array(path.dropFirst(layer.name.count))
        return inner.isEmpty ? -1 : openBelow(layer.descriptor, inner, flags: O_RDONLY | O_DIRECTORY)
    }
}

/// One of the directories that together form a directory of the tree.
private struct Place {
    /// -1 while it is closed.
    var descriptor: CInt
    /// True if another owner closes the descriptor.
    var isBorrowed = false
    var hidden: Set<[UInt8]> = []
    /// The index of its parent directory in the level above.
    var parent: Int?
    var identity: FileIdentity?

    mutating func close() {
        guard !isBorrowed, descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }
}

/// A name as readdir returns it, with a slash for a directory: its sort key.
private struct Name {
    var sortName: [UInt8]
    var isDirectory: Bool
    /// The index of the directory that has it.
    var place = 0

    var bareName: ArraySlice<UInt8> { isDirectory ? sortName.dropLast() : sortName[...] }

    func withPointer<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
        withCPath(bareName, body)
    }
}
