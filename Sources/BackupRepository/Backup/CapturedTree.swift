internal import Glibc

/// The directories of a captured tree, held open: its root, and the layers below their own names.
final class CapturedTree {
    /// One directory of a layer: the name at which it appears, and the entries that are hidden.
    struct Layer {
        /// The name at the tree's top, with a trailing slash.
        let name: [UInt8]
        let descriptor: CInt
        let hidden: Set<[UInt8]>
    }

    let path: String
    let root: CInt
    let layers: [Layer]
    /// The directory of the last file: files come in order, many to a directory.
    private var directory: OpenDirectory?

    /// - Throws: `RepositoryError` `.target` if one of the directories cannot be opened.
    init(_ root: String, layers: [CaptureLayer] = []) throws {
        path = root
        self.root = try Self.open(root)
        var opened: [Layer] = []
        do {
            for layer in layers {
                opened.append(
                    Layer(
                        name: Array(layer.name.utf8) + [UInt8(ascii: "/")], descriptor: try Self.open(layer.directory),
                        hidden: Set(layer.hidden.map { Array($0.utf8) })))
            }
        } catch {
            for layer in opened { close(layer.descriptor) }
            close(self.root)
            throw error
        }
        self.layers = opened
    }

    deinit {
        close(root)
        for layer in layers { close(layer.descriptor) }
    }

    /// Opens the file or link at `path` in the tree: the root's, otherwise a layer's.
    /// - Returns: a descriptor, or -1 with `errno` set.
    func open(_ path: [UInt8], _ flags: CInt) -> CInt {
        let split = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let (parent, name) = (path[..<split], path[split...])
        if let directory, directory.path.elementsEqual(parent) {
            let found = directory.open(name, flags)
            // Another process may have removed the directory and created it again.
            if found >= 0 || errno != ENOENT { return found }
        }
        directory = nil
        guard let opened = openDirectory(parent) else { return -1 }
        directory = opened
        return opened.open(name, flags)
    }

    /// - Parameter path: with a trailing slash, or empty.
    /// - Returns: nil with `errno` set if one of its directories cannot be opened; no directories if it does not exist.
    private func openDirectory(_ path: ArraySlice<UInt8>) -> OpenDirectory? {
        let found = OpenDirectory(path: Array(path))
        guard found.add(below: root, found.path) else { return nil }
        for layer in layers where path.starts(with: layer.name) {
            let inner = Array(path.dropFirst(layer.name.count))
            if layer.hidden.contains(Array(inner.prefix { $0 != UInt8(ascii: "/") })) { continue }
            guard found.add(below: layer.descriptor, inner, hiding: inner.isEmpty ? layer.hidden : []) else {
                return nil
            }
        }
        return found
    }

    /// Returns true if a name at the tree's top still exists.
    func hasTop(_ name: [UInt8]) -> Bool {
        withCPath(name) { faccessat(root, $0, F_OK, AT_SYMLINK_NOFOLLOW) } == 0
            || layers.contains { $0.name.dropLast() == name[...] }
    }

    private static func open(_ path: String) throws -> CInt {
        let descriptor = withCPath(Array(path.utf8)) { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            throw RepositoryError(.target, object: path, "cannot open the directory to back up: \(errnoText())")
        }
        return descriptor
    }
}

/// A directory of the tree, open in each root or layer that has it.
private final class OpenDirectory {
    /// With a trailing slash; empty for the tree's top.
    let path: [UInt8]
    private var places: [(descriptor: CInt, hidden: Set<[UInt8]>)] = []

    init(path: [UInt8]) { self.path = path }

    deinit {
        for place in places { close(place.descriptor) }
    }

    /// - Returns: false with `errno` set if it exists and cannot be opened.
    func add(below root: CInt, _ path: [UInt8], hiding hidden: Set<[UInt8]> = []) -> Bool {
        let descriptor = path.isEmpty ? dup(root) : openBelow(root, path, flags: O_RDONLY | O_DIRECTORY)
        if descriptor >= 0 { places.append((descriptor, hidden)) }
        return descriptor >= 0 || errno == ENOENT
    }

    /// - Returns: a descriptor from the first directory that has the name, or -1 with `errno` set.
    func open(_ name: ArraySlice<UInt8>, _ flags: CInt) -> CInt {
        errno = ENOENT
        for place in places where place.hidden.isEmpty || !place.hidden.contains(Array(name)) {
            let found = withCPath(name) { openat(place.descriptor, $0, flags | O_CLOEXEC) }
            if found >= 0 || errno != ENOENT { return found }
        }
        return -1
    }
}
