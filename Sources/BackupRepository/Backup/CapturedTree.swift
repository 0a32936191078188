internal import Glibc

/// The directories that a captured tree consists of, held open: its root and the layers below names of their own.
final class CapturedTree {
    /// One directory of a layer: where it appears, and what of it does not.
    struct Layer {
        /// At the tree's top, with a slash at its end.
        let name: [UInt8]
        let descriptor: CInt
        let hidden: Set<[UInt8]>
    }

    let path: String
    let root: CInt
    let layers: [Layer]
    /// Where the last file was: files come in order, many to a directory.
    private var directory: OpenDirectory?

    /// - Throws: `RepositoryError` `.target` when one of the directories cannot be opened.
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

    /// Opens the file or link at `path` in the tree: the root's, else a layer's.
    /// - Returns: a descriptor, or -1 with `errno` set.
    func open(_ path: [UInt8], _ flags: CInt) -> CInt {
        let split = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        let (parent, name) = (path[..<split], path[split...])
        if let directory, directory.path.elementsEqual(parent) {
            let found = directory.open(name, flags)
            // Somebody may have removed the directory, and made it anew.
            if found >= 0 || errno != ENOENT { return found }
        }
        directory = nil
        guard let opened = openDirectory(parent) else { return -1 }
        directory = opened
        return opened.open(name, flags)
    }

    /// - Parameter path: with a slash at its end, or empty.
    /// - Returns: nil with `errno` set when one of its places cannot be opened; no places where it is nowhere.
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

    /// Whether there is still something at a name at the tree's top.
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

/// A directory of the tree, open in each place that has it.
private final class OpenDirectory {
    /// With a slash at its end; empty for the tree's top.
    let path: [UInt8]
    private var places: [(descriptor: CInt, hidden: Set<[UInt8]>)] = []

    init(path: [UInt8]) { self.path = path }

    deinit {
        for place in places { close(place.descriptor) }
    }

    /// - Returns: false with `errno` set when it is there and cannot be opened.
    func add(below root: CInt, _ path: [UInt8], hiding hidden: Set<[UInt8]> = []) -> Bool {
        let descriptor = path.isEmpty ? dup(root) : openBelow(root, path, flags: O_RDONLY | O_DIRECTORY)
        if descriptor >= 0 { places.append((descriptor, hidden)) }
        return descriptor >= 0 || errno == ENOENT
    }

    /// - Returns: a descriptor of the first place's that has the name, or -1 with `errno` set.
    func open(_ name: ArraySlice<UInt8>, _ flags: CInt) -> CInt {
        errno = ENOENT
        for place in places where place.hidden.isEmpty || !place.hidden.contains(Array(name)) {
            let found = withCPath(name) { openat(place.descriptor, $0, flags | O_CLOEXEC) }
            if found >= 0 || errno != ENOENT { return found }
        }
        return -1
    }
}
