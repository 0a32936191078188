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

    /// Opens what is at `path` in the tree: the root's, else a layer's.
    /// - Returns: a descriptor, or -1 with `errno` set.
    func open(_ path: [UInt8], _ flags: CInt) -> CInt {
        let found = openBelow(root, path, flags)
        guard found < 0, errno == ENOENT else { return found }
        for layer in layers where path.starts(with: layer.name) {
            let inner = Array(path.dropFirst(layer.name.count))
            if layer.hidden.contains(Array(inner.prefix { $0 != UInt8(ascii: "/") })) { continue }
            return openBelow(layer.descriptor, inner, flags)
        }
        errno = ENOENT
        return -1
    }

    /// Whether there is still something at a name at the tree's top.
    func hasTop(_ name: [UInt8]) -> Bool {
        withCPath(name) { faccessat(root, $0, F_OK, AT_SYMLINK_NOFOLLOW) } == 0
            || layers.contains { $0.name.dropLast() == name[...] }
    }

    private static func open(_ path: String) throws -> CInt {
        let descriptor = withCPath(Array(path.utf8)) { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            throw RepositoryError(.target, path, "cannot open the directory to back up: \(errnoText())")
        }
        return descriptor
    }
}
